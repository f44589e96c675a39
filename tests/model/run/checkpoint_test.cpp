// checkpoint_test.cpp: a checkpoint is an input: numbers that no run writes are rejected by name.
#include "data/formats/safetensors.h"
#include "tests/model/small_run.h"

namespace pg {
namespace {

class Checkpoints : public SmallRun {
 protected:
  // A copy of a checkpoint, changed.
  std::filesystem::path changed(const std::function<void(Metadata&)>& metadata,
                                const std::string& tensor = "", float value = 0) {
    const RunFolder run = run_folder("run");
    if (!std::filesystem::exists(run.latest_checkpoint())) train(run, 6);
    const Safetensors stored(run.latest_checkpoint());
    Metadata facts = stored.metadata();
    for (const char* key : {"crc32", "header_crc32"}) facts.erase(key);
    metadata(facts);
    std::vector<NamedBuffer> buffers;
    std::vector<std::vector<std::byte>> data;
    for (const StoredTensor& t : stored.tensors()) {
      data.push_back(stored.read(t));
      if (t.name == tensor) std::memcpy(data.back().data() + sizeof value, &value, sizeof value);
      buffers.push_back({t.name, t.dtype, t.shape, data.back().data()});
    }
    write_safetensors(folder_ / "changed", buffers, facts);
    return folder_ / "changed";
  }

  std::string error_of_reading(const std::filesystem::path& path) {
    const std::unique_ptr<Backend> backend = make_cpu_backend(1);
    Context context(*backend);
    Gan gan(context, config_);
    return error_of<FormatError>([&] { read_checkpoint(path, gan); });
  }
};

TEST_F(Checkpoints, NumbersOutOfRangeAreRejectedByName) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"images_shown", "-8"},
      {"images_shown", "9000000000000000000"},
      {"lod", "nan"},
      {"lod", "-7"},
      {"lod", "1e300"},
      {"looked_at", "49"},
      {"repeat", "-1"},
      {"critic_steps", "-2"},
      {"tick_start", "1000000"},
      {"next_images", "-5"},
      {"next_checkpoint", "-1"},
      {"data_position", "18446744073709551615"},
      {"iterations", "-1"},
      {"rollbacks", "-1"},
      {"rollback_to", "-2"},
      {"best", "nan"}};
  for (const auto& [key, text] : wrong) {
    const auto path = changed([&, &k = key, &t = text](Metadata& m) { m[k] = t; });
    const std::string error = error_of_reading(path);
    EXPECT_NE(error.find(": " + key + ": expected a number from"), std::string::npos)
        << key << ": " << error;
  }
  const auto sums = changed([](Metadata& m) { m["sums"][0] = '-'; });
  EXPECT_NE(error_of_reading(sums).find("sums: expected"), std::string::npos);
}

TEST_F(Checkpoints, TensorsThatAreNotFiniteAreRejectedByName) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<std::string, float>> wrong = {{"G/4x4/Dense/weight", nan},
                                                            {"Gs/4x4/Dense/weight", -inf},
                                                            {"D/4x4/Conv/weight", inf},
                                                            {"D.adam/v", nan},
                                                            {"G.adam/v", -1.0f}};
  for (const auto& [name, value] : wrong) {
    const auto path = changed([](Metadata&) {}, name, value);
    EXPECT_NE(error_of_reading(path).find(name + "[1]: expected a finite number"),
              std::string::npos)
        << error_of_reading(path);
  }
  const auto path = changed([](Metadata&) {}, "Gs/4x4/Dense/weight", nan);
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  ParameterStore average(context, Generator(config_.model).specs());
  EXPECT_NE(error_of<FormatError>([&] { read_ema(path, average); }).find("Gs/4x4/Dense/weight[1]"),
            std::string::npos);
}

TEST_F(Checkpoints, SettingsOfANewerProgramAreNamed) {
  const auto path = changed([](Metadata& m) { m["config"] += "wings = 2\n"; });
  const std::string error = error_of<NewerFormatError>([&] { checkpoint_config(path); });
  EXPECT_NE(error.find("wings"), std::string::npos) << error;
  EXPECT_NE(error.find("use the program that wrote it or a newer one"), std::string::npos) << error;
}

}  // namespace
}  // namespace pg
