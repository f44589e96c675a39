// network_file.h: files of weights that are no checkpoints: networks that this program exported,
// and those of other programs.
//
// An exported network (export.h) has the parameters of one network under their own names, the
// configuration, and how far it was trained. Commands that make images read it like a checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/safetensors.h"
#include "engine/parameters.h"

namespace pg {

// Whether a safetensors file is an exported network in this program's own layout.
bool is_network_file(const Metadata& metadata);

// Reads the only network of such a file into `store`. "Gs" also means the weights that training
// updates, if those were exported. Throws UsageError if the file holds another network than
// `network`, FormatError for damaged numbers, names or shapes.
void check_exported(const Safetensors& file, const std::string& network);

// ParameterStore::factors of its network.
std::vector<double> exported_factors(const Safetensors& file, const ParameterStore& store);

// How far it was trained; none if an earlier version exported it. Throws FormatError.
struct ExportedPosition {
  int64_t images_shown = 0;
  int64_t looked_at = 0;  // images shown when the schedule was last read
};
std::optional<ExportedPosition> exported_position(const Safetensors& file);

// Throws UsageError, with what it is and how to import it, if `file` is one of another program:
// PyTorch, a pickle, ONNX, ..., or safetensors without a checkpoint or network of ours. A missing
// or damaged file is left to the reader of checkpoints.
void reject_foreign(const std::filesystem::path& file);

}  // namespace pg
