// toml.cpp: fuzz target of configurations: a parsed one can be written, and parses to the same
// again. Messages quote keys and values unchanged, since the user wrote these files.
#include <string>

#include "model/config/config.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const pg::Config config = pg::config_from_toml(text, "input");
    const std::string written = pg::to_toml(config);
    pg::fuzz::claim(pg::to_toml(pg::config_from_toml(written, "written")) == written);
    pg::validate(config);
  } catch (const pg::Error&) {
  }
  return 0;
}
