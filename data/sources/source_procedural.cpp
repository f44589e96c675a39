// source_procedural.cpp: builtin:shapes, drawn images for a first try without any data.
//
// One large saturated shape of six classes on a smooth two-colour gradient, with moderate changes
// of place, size, turn and hue: a small network learns it in minutes on a CPU, and success is
// visible at a glance. Image i depends only on i (Philox); edges are smoothed through signed
// distances.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <span>

#include "data/sources/source.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace pg {
namespace {

constexpr int64_t kSide = 64, kDefaultCount = 4096, kMaxCount = 10'000'000;
constexpr int kVersion = 1;  // part of the fingerprint: raise it when the drawing changes
constexpr uint64_t kSeed = 0x5eed;
constexpr double kPi = std::numbers::pi;
constexpr std::array<const char*, 6> kClasses = {"disc",     "ring", "square",
                                                 "triangle", "star", "flower"};

struct Point {
  double x, y;
};
using Rgb = std::array<double, 3>;

// Named draws, so that adding one does not shift the others.
enum class Draw : uint64_t {
  shape,
  x,
  y,
  radius,
  turn,
  hue,
  saturation,
  value,
  ground_hue,
  ground_angle,
  dark,
  light,
  count
};

// Signed distance to a polygon, negative inside; vertices in order.
double polygon_distance(std::span<const Point> vertices, Point p) {
  double nearest = 1e9;
  bool inside = false;
  for (size_t i = 0, j = vertices.size() - 1; i < vertices.size(); j = i++) {
    const Point a = vertices[i], b = vertices[j];
    const double ex = b.x - a.x, ey = b.y - a.y, wx = p.x - a.x, wy = p.y - a.y;
    const double t = std::clamp((wx * ex + wy * ey) / (ex * ex + ey * ey), 0.0, 1.0);
    nearest = std::min(nearest, std::hypot(wx - t * ex, wy - t * ey));
    if ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x) {
      inside = !inside;
    }
  }
  return inside ? -nearest : nearest;
}

// Corners that alternate between two radii, starting at `first_angle`.
template <size_t Count>
std::array<Point, Count> corners(double outer, double inner, double first_angle) {
  std::array<Point, Count> points;
  for (size_t i = 0; i < Count; ++i) {
    const double angle = first_angle + 2 * kPi * static_cast<double>(i) / double{Count};
    const double radius = i % 2 == 0 ? outer : inner;
    points[i] = {radius * std::cos(angle), radius * std::sin(angle)};
  }
  return points;
}

// Signed distance of the class' outline of unit size at p (y down).
double shape_distance(size_t shape, Point p) {
  static const auto kSquare = corners<4>(1.15, 1.15, kPi / 4);
  static const auto kTriangle = corners<3>(1.2, 1.2, -kPi / 2);
  static const auto kStar = corners<10>(1.25, 0.55, -kPi / 2);
  const double r = std::hypot(p.x, p.y);
  switch (shape) {
    case 0:
      return r - 1.0;
    case 1:
      return std::abs(r - 0.78) - 0.28;
    case 2:
      return polygon_distance(kSquare, p);
    case 3:
      return polygon_distance(kTriangle, p);
    case 4:
      return polygon_distance(kStar, p);
    default:
      return (r - 0.88 - 0.24 * std::cos(5 * std::atan2(p.x, -p.y))) * 0.75;
  }
}

// Hue, saturation and value in 0..1.
Rgb hsv(double h, double s, double v) {
  Rgb rgb;
  for (size_t c = 0; c < 3; ++c) {
    const double k = std::fmod(5.0 - 2.0 * static_cast<double>(c) + h * 6.0, 6.0);
    rgb[c] = v - v * s * std::clamp(std::min(k, 4.0 - k), 0.0, 1.0);
  }
  return rgb;
}

struct Scene {
  explicit Scene(int64_t index) {
    std::array<double, static_cast<size_t>(Draw::count)> u;
    for (size_t k = 0; k < u.size(); ++k) {
      const PhiloxBlock block = philox(kSeed, static_cast<uint64_t>(index), k / 4);
      u[k] = double{philox_unit(block.word[k % 4])};
    }
    const auto draw = [&](Draw d, double low, double high) {
      return low + (high - low) * u[static_cast<size_t>(d)];
    };
    shape = static_cast<size_t>(draw(Draw::shape, 0, kClasses.size()));
    centre = {draw(Draw::x, 0.43, 0.57), draw(Draw::y, 0.43, 0.57)};
    radius = draw(Draw::radius, 0.27, 0.34);
    turn = draw(Draw::turn, -0.3, 0.3);
    const double hue = draw(Draw::hue, 0, 1);
    colour = hsv(hue, draw(Draw::saturation, 0.8, 1), draw(Draw::value, 0.9, 1));
    const double ground_hue = std::fmod(hue + draw(Draw::ground_hue, 0.35, 0.65), 1.0);
    dark = hsv(ground_hue, 0.7, draw(Draw::dark, 0.08, 0.2));
    light = hsv(std::fmod(ground_hue + 0.08, 1.0), 0.5, draw(Draw::light, 0.5, 0.7));
    ground_angle = draw(Draw::ground_angle, kPi / 4, 3 * kPi / 4);
  }

  // Colour at a point of the unit square; `pixel` is the width over which edges are smoothed.
  Rgb at(Point p, double pixel) const {
    const double along =
        (p.x - 0.5) * std::cos(ground_angle) + (p.y - 0.5) * std::sin(ground_angle);
    const double t = std::clamp(0.5 - along, 0.0, 1.0);
    const double dx = (p.x - centre.x) / radius, dy = (p.y - centre.y) / radius;
    const Point local = {dx * std::cos(turn) + dy * std::sin(turn),
                         dy * std::cos(turn) - dx * std::sin(turn)};
    const double cover = std::clamp(0.5 - shape_distance(shape, local) * radius / pixel, 0.0, 1.0);
    const double shade = std::clamp(0.9 - 0.18 * (dx + dy), 0.55, 1.0);  // lit from the upper left
    Rgb out;
    for (size_t c = 0; c < 3; ++c) {
      const double ground = dark[c] + (light[c] - dark[c]) * t;
      out[c] = ground + (colour[c] * shade - ground) * cover;
    }
    return out;
  }

  size_t shape;
  Point centre;
  double radius, turn, ground_angle;
  Rgb colour, dark, light;
};

class ShapesSource : public ImageSource {
 public:
  explicit ShapesSource(int64_t count) : count_(count) {}

  int64_t count() const override { return count_; }

  Image load(int64_t i) const override {
    const Scene scene(i);
    Image image{kSide, kSide, 3, {}};
    image.pixels.reserve(kSide * kSide * 3);
    constexpr double kPixel = 1.0 / double{kSide};
    for (int64_t y = 0; y < kSide; ++y) {
      for (int64_t x = 0; x < kSide; ++x) {
        const Rgb rgb = scene.at(
            {(static_cast<double>(x) + 0.5) * kPixel, (static_cast<double>(y) + 0.5) * kPixel},
            kPixel);
        for (const double v : rgb) image.pixels.push_back(static_cast<uint8_t>(v * 255.0 + 0.5));
      }
    }
    return image;
  }

  std::string name(int64_t i) const override { return message("builtin:shapes:", i); }
  int32_t label(int64_t i) const override { return static_cast<int32_t>(Scene(i).shape); }
  std::vector<std::string> label_names() const override {
    return {kClasses.begin(), kClasses.end()};
  }
  std::string fingerprint() const override { return message("shapes ", kVersion, " ", count_); }
  int64_t default_channels() const override { return 3; }

 private:
  int64_t count_;
};

}  // namespace

std::unique_ptr<ImageSource> open_procedural_source(const std::string& where) {
  const std::string name = "builtin:shapes";
  const bool counted = where.starts_with(name + ":");
  PG_CHECK(where == name || counted, UsageError, "unknown built-in set '", where,
           "': expected builtin:shapes or builtin:shapes:COUNT");
  int64_t count = kDefaultCount;
  if (counted) {
    const char* end = where.data() + where.size();
    const auto [stop, error] = std::from_chars(where.data() + name.size() + 1, end, count);
    PG_CHECK(error == std::errc() && stop == end && count >= 1 && count <= kMaxCount, UsageError,
             where, ": expected a number of images from 1 to ", kMaxCount);
  }
  return std::make_unique<ShapesSource>(count);
}

}  // namespace pg
