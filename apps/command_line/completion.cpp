// completion.cpp: the command completion, and the candidates for the value of an option.
#include "apps/command_line/completion.h"

#include <memory>

#include "apps/command_line/tree.h"
#include "data/files/output.h"
#include "model/config/config_keys.h"
#include "model/device/gpu_models.h"
#include "model/foreign/foreign.h"

namespace pg::apps {
namespace {

// The names of a setting that the option stands for: "--fit" is data.fit.
std::vector<std::string> names_of_setting(const std::string& option) {
  for (const Key& key : keys()) {
    if (key.kind == KeyKind::choice && key.path.ends_with("." + option)) {
      return {key.names.begin(), key.names.end()};
    }
  }
  return {};
}

}  // namespace

Candidates candidates_of(const Option& option) {
  const std::string value = value_name(option);
  const std::string name = option.get_lnames().empty() ? "" : option.get_lnames()[0];
  if (name == "set") return {.words = {}, .settings = true};
  if (name == "preset") return {.words = preset_names()};
  if (name == "device") return {.words = {"auto", "cpu", "cuda"}};
  if (name == "layout") return {.words = layout_names()};
  if (name == "gpu") return {.words = gpu_model_names()};
  if (name == "format") {
    const bool of_images = option.get_description().find("jpg") != std::string::npos;
    return {.words = of_images ? std::vector<std::string>{"png", "jpg", "webp"}
                               : std::vector<std::string>{"safetensors", "pth", "onnx"}};
  }
  if (std::vector<std::string> words = choices_of(option); !words.empty()) return {.words = words};
  if (std::vector<std::string> words = names_of_setting(name); !words.empty()) {
    return {.words = words};
  }
  const bool number = option.get_type_name().starts_with("INT") ||
                      option.get_type_name().starts_with("FLOAT") || value == "SEEDS" ||
                      value == "SIZE" || value == "RxC" || value == "KEY" || value == "COMMAND";
  return {.words = {}, .files = !number, .runs = value == "RUN"};
}

std::vector<const Command*> final_commands(const Command& app) {
  std::vector<const Command*> found;
  for (const Command* command : visible_commands(app)) {
    if (!has_commands(*command)) found.push_back(command);
    for (const Command* below : visible_commands(*command)) found.push_back(below);
  }
  return found;
}

void add_completion(Command& app) {
  Command* cmd = app.add_subcommand("completion",
                                    "Print a script that completes command lines in bash or zsh");
  auto shell = std::make_shared<std::string>();
  cmd->add_option("SHELL", *shell, "bash or zsh")->required()->check(IsMember({"bash", "zsh"}));
  cmd->callback([shell, &app] {
    write_output(*shell == "bash" ? bash_completion(app) : zsh_completion(app));
  });
  cmd->footer(
      "In bash:  source <(progan_cuda completion bash)\n"
      "In zsh:   source <(progan_cuda completion zsh)");
}

}  // namespace pg::apps
