// built_source.cpp: adapts a Dataset to the interface of ImageSource.
#include "data/sets/built_source.h"

#include "data/sets/dataset.h"
#include "kernels/error.h"

namespace pg {
namespace {

class BuiltSource : public ImageSource {
 public:
  explicit BuiltSource(const std::filesystem::path& folder) : set_(folder) {}

  int64_t count() const override { return set_.count(); }

  Image load(int64_t i) const override {
    const int64_t side = set_.max_resolution();
    return {side, side, set_.channels(), set_.image(side, i)};
  }

  std::string name(int64_t i) const override { return message("image ", i); }
  int32_t label(int64_t i) const override { return set_.label(i); }
  std::vector<std::string> label_names() const override { return set_.manifest().label_names; }
  std::string fingerprint() const override { return set_.manifest().fingerprint; }
  int64_t ignored_files() const override { return set_.manifest().ignored_files; }
  int64_t default_channels() const override { return set_.channels(); }

 private:
  Dataset set_;
};

}  // namespace

std::unique_ptr<ImageSource> open_built_source(const std::filesystem::path& folder) {
  return std::make_unique<BuiltSource>(folder);
}

}  // namespace pg
