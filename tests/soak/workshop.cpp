// workshop.cpp: the jobs, their inputs, and the files between their results.
#include "tests/soak/workshop.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

#include "data/images/png.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "tests/soak/faulty_life.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

constexpr int kPhotos = 24;
constexpr int64_t kDiskBytes = int64_t{32} << 20;

// Names that the program, an earlier version of it, or a pattern for its files could claim.
const std::vector<std::string> kUsersFiles = {
    "out/set.tmp-20240101/family.png",
    "out/set.tmp-1/r0004.npy",
    "out/.progan_cuda-0123456789abcdef0123456789abcdef/letter.txt",
    "out/.progan_cuda-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/signature",
    "out/net.safetensors.tmp-1-0",
    "out/array.npy.tmp-99999999-3",
    "out/pictures.png",
    "out/config.toml",
    "out/stats.jsonl",
    "out/log.txt",
    "out/superseded-checkpoint-000000.safetensors",
    "work/config.toml",
    "work/stats.jsonl",
    "work/latest.safetensors.tmp-1-1",
    "photos.json",
};

std::string file_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

Contents contents_of(const fs::path& path) {
  if (fs::is_regular_file(path)) return {{"", file_text(path)}};
  Contents contents;
  if (!fs::is_directory(path)) return contents;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    const std::string name = entry.path().lexically_relative(path).string();
    if (name != "dataset.json")
      contents[name] = entry.is_directory() ? "" : file_text(entry.path());
  }
  return contents;
}

Workshop::Workshop() {
  std::string reason;
  fs::create_directories(box_ / "out");
  small_disk_ = mount_small_disk(box_ / "out", kDiskBytes, reason);
  write_photos("photos", 1);
  write_photos("other-photos", 2);
  write_users_files();
  const auto prepare = [&](const std::string& arguments) {
    const Outcome o = box_.run(arguments);
    PG_CHECK(o.code == 0, Error, arguments, ": ", o.err);
  };
  prepare(
      "train --preset tutorial --data builtin:shapes:64 --resolution 16 --kimg 0.1 --out made "
      "--set schedule.minibatch={} --set schedule.max_minibatch=8 --set model.fmap_max=32");
  prepare("export --from made/00000-builtin-shapes-64-tutorial-16 --format pth --out work/w.pth");
  prepare("import work/w.pth --out work/net.safetensors");
  fs::remove_all(box_ / "made");
  for (const char* name : {"net.safetensors", "w.pth"}) {
    fs::copy_file(box_ / "work" / name, box_ / "kept" / name);
  }
  add("build", "dataset build photos --out out/set --resolution 64 --threads 2 --overwrite",
      "out/set", "photos");
  prepare("dataset build other-photos --out other-set --resolution 64");
  of_other_photos_ = contents_of(box_ / "other-set");
  const std::string from = "--from work/net.safetensors --device cpu --threads 1 ";
  add("generate images", "generate " + from + "--seeds 0-31 --batch 2 --out out/pictures",
      "out/pictures", "work/net.safetensors");
  add("generate grid", "generate " + from + "--seeds 0-63 --batch 4 --out out/grid.png",
      "out/grid.png", "work/net.safetensors");
  add("generate array", "generate " + from + "--seeds 0-63 --batch 2 --out out/array.npy",
      "out/array.npy", "work/net.safetensors");
  for (const char* format : {"safetensors", "pth", "onnx"}) {
    add(message("export ", format),
        message("export --from work/net.safetensors --format ", format, " --out out/net.", format),
        message("out/net.", format), "work/net.safetensors");
  }
  add("import", "import work/w.pth --out out/imported.safetensors", "out/imported.safetensors",
      "work/w.pth");
}

void Workshop::add(const std::string& name, const std::string& arguments, const std::string& result,
                   const std::string& input) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome o = box_.run(arguments);
  PG_CHECK(o.code == 0, Error, arguments, ": ", o.err);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  jobs_.push_back({name, words_of(arguments), result, input, taken.count()});
  expected_[name] = contents_of(box_ / result);
  PG_CHECK(!expected_[name].empty(), Error, name, " wrote nothing");
}

void Workshop::write_photos(const std::string& folder, uint64_t seed) const {
  for (int i = 0; i < kPhotos; ++i) {
    Image image{96, 96, 3, {}};
    for (uint64_t k = 0; k < 96 * 96 * 3; ++k) {
      image.pixels.push_back(
          static_cast<uint8_t>(philox(seed, static_cast<uint64_t>(i), k).word[0]));
    }
    const fs::path file = box_ / folder / (i % 2 == 0 ? "a" : "b") / message(i, ".png");
    fs::create_directories(file.parent_path());
    write_png(file, image);
  }
}

void Workshop::write_users_files() const {
  for (const std::string& name : kUsersFiles) {
    box_.write(name, "of the user: " + name + "\n");
    ::chmod((box_ / name).c_str(), 0640);
  }
  fs::create_directories(box_ / "kept");
}

Contents Workshop::users_files() const {
  Contents contents;
  for (const std::string& name : kUsersFiles) {
    struct stat info = {};
    if (::lstat((box_ / name).c_str(), &info) != 0) continue;
    contents[name] = message(info.st_mode, " ", box_.read(name));
  }
  return contents;
}

std::vector<std::string> Workshop::leftovers() const {
  std::set<std::string> known = {"out/runs", "out/ballast"};
  for (const Job& job : jobs_) known.insert(job.result);
  for (const std::string& name : kUsersFiles) {
    known.insert(name);
    known.insert(fs::path(name).parent_path().string());
  }
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(box_ / "out")) {
    const std::string name = "out/" + entry.path().filename().string();
    if (!known.contains(name)) left.push_back(name);
  }
  return left;
}

void Workshop::restore_input(const Job& job) const {
  if (job.input == "photos") {
    if (!fs::exists(box_ / "real-photos")) return;
    fs::rename(box_ / "photos", box_ / "other-photos");
    fs::rename(box_ / "real-photos", box_ / "photos");
    return;
  }
  const fs::path input = box_ / job.input;
  fs::remove(input);
  fs::copy_file(box_ / "kept" / input.filename(), input);
}

void Workshop::damage_input(const Job& job, double share) const {
  if (job.input == "photos") {
    if (fs::exists(box_ / "real-photos")) return;
    fs::rename(box_ / "photos", box_ / "real-photos");
    fs::rename(box_ / "other-photos", box_ / "photos");
    return;
  }
  const fs::path input = box_ / job.input;
  const auto size = static_cast<double>(fs::file_size(box_ / "kept" / input.filename()));
  fs::resize_file(input, static_cast<uintmax_t>(share * size));
}

}  // namespace pg::test
