// images_test.cpp: image bytes to network input.
#include <cmath>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

Host random_bytes(const Shape& shape) {
  Host bytes = random_host(shape, 1, 0.0, 255.0);
  for (double& v : bytes.data) v = std::floor(v);
  return bytes;
}

Host images_reference(const Host& x, const Host& mirror, double alpha) {
  const Shape& s = x.shape;
  Host f(s), y(s);
  for_each(s, [&](auto n, auto h, auto w, auto c) {
    const int64_t from = mirror.data[static_cast<size_t>(n)] != 0.0 ? s.w - 1 - w : w;
    f(n, h, w, c) = x(n, h, from, c) * 2.0 / 255.0 - 1.0;
  });
  for_each(s, [&](auto n, auto h, auto w, auto c) {
    y(n, h, w, c) = f(n, h, w, c);
    if (alpha == 1.0) return;
    double mean = 0.0;
    for (int64_t i = 0; i < 4; ++i) mean += f(n, h / 2 * 2 + i / 2, w / 2 * 2 + i % 2, c) / 4;
    y(n, h, w, c) += (mean - f(n, h, w, c)) * (1 - alpha);
  });
  return y;
}

KERNEL_TEST(images_to_float, MirrorsAndFades) {
  for (const Shape& s :
       {Shape{3, 4, 6, 3}, Shape{4, 2, 2, 1}, Shape{3, 64, 66, 3}, Shape{2, 32, 32, 3}}) {
    const Host x = random_bytes(s);
    Host mirror({s.n, 1, 1, 1});
    for (size_t i = 0; i < mirror.data.size(); i += 2) mirror.data[i] = 1.0;
    const Host plain(mirror.shape);
    const double alpha = 0.375;
    expect_matches(
        [&](Bench& b) {
          ImagesToFloatArgs args{.x = b.in(x, DType::u8), .y = b.out(s)};
          b.backend().images_to_float(args);
          args.mirror = b.in(mirror, DType::u8);
          args.y = b.out(s);
          b.backend().images_to_float(args);
          args.alpha = b.in(Host({}, alpha), b.acc());
          args.y = b.out(s);
          b.backend().images_to_float(args);
          args.mirror = {};
          args.y = b.out(s);
          b.backend().images_to_float(args);
        },
        {images_reference(x, plain, 1.0), images_reference(x, mirror, 1.0),
         images_reference(x, mirror, alpha), images_reference(x, plain, alpha)},
        4);
  }
}

KERNEL_TEST(images_to_float, SupportsOddSizesWithoutFading) {
  const Shape s{2, 3, 5, 3};
  const Host x = random_bytes(s), plain({2, 1, 1, 1});
  expect_matches(
      [&](Bench& b) { b.backend().images_to_float({.x = b.in(x, DType::u8), .y = b.out(s)}); },
      {images_reference(x, plain, 1.0)}, 4);
}

KERNEL_TEST(images_to_float, HasTheSameBitsAtOddAddresses) {
  const Shape s{2, 32, 32, 3};
  const Host x = random_bytes(s), mirror({2, 1, 1, 1}, {1.0, 0.0});
  expect_same_at_odd_addresses([&](Bench& b) {
    b.backend().images_to_float({.x = b.in(x, DType::u8),
                                 .mirror = b.in(mirror, DType::u8),
                                 .alpha = b.in(Host({}, 0.375), b.acc()),
                                 .y = b.out(s)});
  });
}

}  // namespace
}  // namespace pg::test
