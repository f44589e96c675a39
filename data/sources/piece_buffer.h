// piece_buffer.h: a long JSON text as a stream that is read in pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <streambuf>
#include <utility>
#include <vector>

#include "data/files/read_file.h"
#include "data/formats/json.h"
#include "data/sources/label_file.h"

namespace pg {

// The pieces of a text as a stream, each checked before the parser sees it. Throws JsonError.
class PieceBuffer : public std::streambuf {
 public:
  explicit PieceBuffer(const NextPiece& next) : next_(next) {}

 protected:
  int_type underflow() override {
    const std::span<const uint8_t> piece = next_();
    if (piece.empty()) return traits_type::eof();
    auto* first = const_cast<char*>(reinterpret_cast<const char*>(piece.data()));
    gate_.check({first, piece.size()});
    setg(first, first, first + piece.size());
    return traits_type::to_int_type(*first);
  }

 private:
  const NextPiece& next_;
  JsonGate gate_{{.bytes = limits::kLabelFileBytes,
                  .values = limits::kLabelValues,
                  .token = limits::kLabelToken}};
};

// The pieces of a file. Throws as ReadFile::read.
inline NextPiece pieces_of(ReadFile opened) {
  struct State {
    ReadFile file;
    std::vector<uint8_t> piece = {};
    int64_t done = 0;
  };
  const auto state = std::make_shared<State>(State{std::move(opened)});
  return [state]() -> std::span<const uint8_t> {
    State& s = *state;
    s.piece.resize(static_cast<size_t>(std::min(int64_t{1} << 16, s.file.size() - s.done)));
    s.file.read(s.done, s.piece);
    s.done += static_cast<int64_t>(s.piece.size());
    return s.piece;
  };
}

}  // namespace pg
