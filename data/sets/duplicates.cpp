// duplicates.cpp: sorted by the hash of pixels for equal images, by bands of the gradient for
// similar ones.
#include "data/sets/duplicates.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <numeric>
#include <tuple>

#include "kernels/error.h"

namespace pg {
namespace {

// The number of images with an equal band to compare with: the next ones in order.
constexpr size_t kNeighbours = 64;

double difference_of(const Fingerprint& a, const Fingerprint& b) {
  int sum = 0;
  for (size_t i = 0; i < a.thumbnail.size(); ++i) {
    sum += std::abs(int{a.thumbnail[i]} - int{b.thumbnail[i]});
  }
  return static_cast<double>(sum) / static_cast<double>(a.thumbnail.size());
}

double contrast_of(const Fingerprint& f) {
  const auto size = static_cast<double>(f.thumbnail.size());
  const double mean = std::accumulate(f.thumbnail.begin(), f.thumbnail.end(), 0.0) / size;
  double sum = 0;
  for (const uint8_t v : f.thumbnail) sum += std::abs(v - mean);
  return sum / size;
}

class Finder {
 public:
  Finder(std::span<const Fingerprint> images, const std::function<void()>& alive)
      : images_(images), alive_(alive), order_(images.size()) {
    PG_CHECK(images.size() < UINT32_MAX, UsageError, "cannot search ", images.size(),
             " images for duplicates; check parts of the set");
    std::iota(order_.begin(), order_.end(), 0u);
  }

  Duplicates find() {
    find_exact();
    std::erase_if(order_, [&](uint32_t i) { return images_[i].single_colour; });
    for (int band = 0; band < 4; ++band) find_near(band);
    auto& near = found_.near;
    const auto key = [](const NearPair& p) { return std::tuple(p.difference, p.a, p.b); };
    std::sort(near.begin(), near.end(),
              [&](const auto& x, const auto& y) { return key(x) < key(y); });
    const auto same = [](const NearPair& x, const NearPair& y) { return x.a == y.a && x.b == y.b; };
    near.erase(std::unique(near.begin(), near.end(), same), near.end());
    if (near.size() > Duplicates::kMostPairs) near.resize(Duplicates::kMostPairs);
    return std::move(found_);
  }

 private:
  const Fingerprint& image(size_t at) const { return images_[order_[at]]; }

  // Keeps the first image of each group in order_. Thumbnails distinguish images whose hashes
  // collide.
  void find_exact() {
    std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
      return std::tie(images_[a].pixels, images_[a].thumbnail, a) <
             std::tie(images_[b].pixels, images_[b].thumbnail, b);
    });
    std::vector<uint32_t> firsts;
    for (size_t begin = 0, end = 0; begin < order_.size(); begin = end) {
      const Fingerprint& first = image(begin);
      while (end < order_.size() && image(end).pixels == first.pixels &&
             image(end).thumbnail == first.thumbnail) {
        ++end;
      }
      firsts.push_back(order_[begin]);
      if (end - begin > 1) add_group(begin, end);
    }
    std::sort(found_.exact.begin(), found_.exact.end());
    order_ = std::move(firsts);
  }

  void add_group(size_t begin, size_t end) {
    found_.copies += static_cast<int64_t>(end - begin) - 1;
    if (found_.exact.size() == Duplicates::kMostGroups) return;
    auto& group = found_.exact.emplace_back();
    for (size_t k = begin; k < end; ++k) group.push_back(image(k).image);
  }

  void find_near(int band) {
    const auto turned = [&](const Fingerprint& f) { return std::rotl(f.gradient, 16 * band); };
    std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
      return std::pair(turned(images_[a]), a) < std::pair(turned(images_[b]), b);
    });
    for (size_t k = 0; k < order_.size(); ++k) {
      if (alive_ && k % 4096 == 0) alive_();
      const size_t end = std::min(k + 1 + kNeighbours, order_.size());
      for (size_t other = k + 1; other < end; ++other) {
        if (turned(image(other)) >> 48 != turned(image(k)) >> 48) break;
        compare(image(k), image(other));
        if (found_.near.size() > 4 * Duplicates::kMostPairs)
          return;  // each may be found four times
      }
    }
  }

  void compare(const Fingerprint& a, const Fingerprint& b) {
    if (std::popcount(a.gradient ^ b.gradient) > kMostGradientBits) return;
    const double difference = difference_of(a, b);
    if (difference > kMostDifference ||
        difference > kMostOfContrast * std::min(contrast_of(a), contrast_of(b))) {
      return;
    }
    found_.near.push_back({std::min(a.image, b.image), std::max(a.image, b.image), difference});
  }

  std::span<const Fingerprint> images_;
  const std::function<void()>& alive_;
  std::vector<uint32_t> order_;
  Duplicates found_;
};

}  // namespace

Duplicates find_duplicates(std::span<const Fingerprint> images,
                           const std::function<void()>& alive) {
  return Finder(images, alive).find();
}

}  // namespace pg
