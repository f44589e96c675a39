// pickle_machine.cpp: the stack machine of pickles, as far as weights files use it.
//
// Opcodes are handled in groups, one function each; opcodes in no group are rejected by name.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "data/formats/pickle/byte_reader.h"
#include "data/formats/pickle/pickle_nodes.h"

namespace pg::pickle {

namespace {

using foreign::ByteReader;
using foreign::number_in_line;

struct OpcodeName {
  uint8_t code;
  std::string_view name;
};

// Python's opcodes in no group.
constexpr std::array kRejected = {
    OpcodeName{'S', "STRING"},       OpcodeName{'V', "UNICODE"},
    OpcodeName{'P', "PERSID"},       OpcodeName{'i', "INST"},
    OpcodeName{'o', "OBJ"},          OpcodeName{0x82, "EXT1"},
    OpcodeName{0x83, "EXT2"},        OpcodeName{0x84, "EXT4"},
    OpcodeName{0x8f, "EMPTY_SET"},   OpcodeName{0x90, "ADDITEMS"},
    OpcodeName{0x91, "FROZENSET"},   OpcodeName{0x92, "NEWOBJ_EX"},
    OpcodeName{0x97, "NEXT_BUFFER"}, OpcodeName{0x98, "READONLY_BUFFER"},
};

class Machine {
 public:
  Machine(std::span<const uint8_t> bytes, Nodes& nodes) : in_(bytes), nodes_(nodes) {
    none_ = nodes_.add({});
    false_ = nodes_.add({.kind = PickleKind::boolean, .integer = 0});
    true_ = nodes_.add({.kind = PickleKind::boolean, .integer = 1});
  }

  Parsed run() {
    try {
      for (size_t step = 0;; ++step) {
        require(step < kMostSteps, "the pickle has more than ", kMostSteps, " steps");
        const uint8_t code = in_.fixed<uint8_t>();
        if (code == '.') return {pop(), in_.at()};
        if (!constants(code) && !numbers(code) && !texts(code) && !sequences(code) &&
            !entries(code) && !stack_and_memo(code) && !objects(code)) {
          reject(code);
        }
      }
    } catch (Rejection& rejection) {
      rejection.reason += message(" (at byte ", in_.at(), " of the pickle)");
      throw;
    }
  }

 private:
  // --- the stack; values below the last mark are out of reach

  size_t reachable() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  void push(Id id) { stack_.push_back(id); }
  void push(Node node) { push(nodes_.add(std::move(node))); }

  Id pop() {
    require(reachable() > 0, "the pickle pops an empty stack");
    const Id id = stack_.back();
    stack_.pop_back();
    return id;
  }

  Id top() const {
    require(reachable() > 0, "the pickle pops an empty stack");
    return stack_.back();
  }

  std::vector<Id> pop_count(size_t count) {
    require(reachable() >= count, "the pickle pops an empty stack");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<Id> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    return items;
  }

  std::vector<Id> pop_to_mark() {
    require(!marks_.empty(), "the pickle collects values without a mark");
    std::vector<Id> items = pop_count(reachable());
    marks_.pop_back();
    return items;
  }

  // --- opcodes

  bool constants(uint8_t code) {
    switch (code) {
      case 0x80:  // PROTO
        require(in_.fixed<uint8_t>() <= 5, "the pickle protocol is newer than 5");
        return true;
      case 0x95:  // FRAME: redundant with the lengths inside
        in_.take(sizeof(uint64_t));
        return true;
      case 'N':
        push(none_);
        return true;
      case 0x88:
      case 0x89:
        push(code == 0x88 ? true_ : false_);
        return true;
      default:
        return false;
    }
  }

  void push_integer(int64_t value) { push(Node{.kind = PickleKind::integer, .integer = value}); }
  void push_number(double value) { push(Node{.kind = PickleKind::number, .number = value}); }

  // Little-endian two's complement. Numbers of more than 64 bits, such as torch's magic number,
  // become strings of their bytes.
  void push_long(std::string_view bytes) {
    if (bytes.size() > sizeof(int64_t)) {
      push(Node{.kind = PickleKind::text, .text = bytes});
      return;
    }
    int64_t value = !bytes.empty() && (bytes.back() & 0x80) != 0 ? -1 : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    push_integer(value);
  }

  void push_integer_line() {
    const std::string_view digits = in_.line();
    if (digits == "00" || digits == "01") {
      push(digits == "01" ? true_ : false_);
    } else {
      push_integer(number_in_line<int64_t>(digits));
    }
  }

  void push_long_line() {
    std::string_view digits = in_.line();
    if (digits.ends_with('L')) digits.remove_suffix(1);
    push_integer(number_in_line<int64_t>(digits));
  }

  bool numbers(uint8_t code) {
    switch (code) {
      case 'J':
        push_integer(in_.fixed<int32_t>());
        return true;
      case 'K':
        push_integer(in_.fixed<uint8_t>());
        return true;
      case 'M':
        push_integer(in_.fixed<uint16_t>());
        return true;
      case 0x8a:
        push_long(in_.counted<uint8_t>());
        return true;
      case 0x8b:
        push_long(in_.counted<int32_t>());
        return true;
      case 'I':
        push_integer_line();
        return true;
      case 'L':
        push_long_line();
        return true;
      case 'F':
        push_number(number_in_line<double>(in_.line()));
        return true;
      case 'G':
        push_number(std::bit_cast<double>(__builtin_bswap64(in_.fixed<uint64_t>())));
        return true;
      default:
        return false;
    }
  }

  void push_text(std::string_view text) { push(Node{.kind = PickleKind::text, .text = text}); }

  bool texts(uint8_t code) {
    switch (code) {
      case 'U':   // SHORT_BINSTRING
      case 'C':   // SHORT_BINBYTES
      case 0x8c:  // SHORT_BINUNICODE
        push_text(in_.counted<uint8_t>());
        return true;
      case 'T':  // BINSTRING
        push_text(in_.counted<int32_t>());
        return true;
      case 'B':  // BINBYTES
      case 'X':  // BINUNICODE
        push_text(in_.counted<uint32_t>());
        return true;
      case 0x8d:  // BINUNICODE8
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        push_text(in_.counted<uint64_t>());
        return true;
      default:
        return false;
    }
  }

  void push_items(PickleKind kind, std::vector<Id> items) {
    require(kind != PickleKind::dict || items.size() % 2 == 0, "a dict has a key without a value");
    push(Node{.kind = kind, .items = std::move(items)});
  }

  bool sequences(uint8_t code) {
    switch (code) {
      case ']':
        push_items(PickleKind::list, {});
        return true;
      case ')':
        push_items(PickleKind::tuple, {});
        return true;
      case '}':
        push_items(PickleKind::dict, {});
        return true;
      case 'l':
        push_items(PickleKind::list, pop_to_mark());
        return true;
      case 't':
        push_items(PickleKind::tuple, pop_to_mark());
        return true;
      case 'd':
        push_items(PickleKind::dict, pop_to_mark());
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        push_items(PickleKind::tuple, pop_count(code - 0x84u));
        return true;
      default:
        return false;
    }
  }

  void append(const std::vector<Id>& items, PickleKind kind) {
    Node& node = nodes_[top()];
    require(node.kind == kind, "the pickle adds elements to ", name_of(node.kind));
    require(kind != PickleKind::dict || items.size() % 2 == 0, "a dict has a key without a value");
    node.items.insert(node.items.end(), items.begin(), items.end());
  }

  bool entries(uint8_t code) {
    switch (code) {
      case 'a':
        append(pop_count(1), PickleKind::list);
        return true;
      case 'e':
        append(pop_to_mark(), PickleKind::list);
        return true;
      case 's':
        append(pop_count(2), PickleKind::dict);
        return true;
      case 'u':
        append(pop_to_mark(), PickleKind::dict);
        return true;
      default:
        return false;
    }
  }

  void put(uint64_t place) {
    require(place < kMostNodes, "the pickle uses the memo index ", place);
    if (place >= memo_.size()) memo_.resize(place + 1, kNothing);
    memo_[place] = top();
    remembered_ = std::max(remembered_, place + 1);
  }

  void get(uint64_t place) {
    require(place < memo_.size() && memo_[place] != kNothing, "the pickle reads the memo index ",
            place, " before writing it");
    push(memo_[place]);
  }

  bool stack_and_memo(uint8_t code) {
    switch (code) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '0':
        if (reachable() == 0 && !marks_.empty()) {
          marks_.pop_back();
        } else {
          pop();
        }
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        push(top());
        return true;
      default:
        return memo(code);
    }
  }

  bool memo(uint8_t code) {
    switch (code) {
      case 'g':
        get(number_in_line<uint64_t>(in_.line()));
        return true;
      case 'h':
        get(in_.fixed<uint8_t>());
        return true;
      case 'j':
        get(in_.fixed<uint32_t>());
        return true;
      case 'p':
        put(number_in_line<uint64_t>(in_.line()));
        return true;
      case 'q':
        put(in_.fixed<uint8_t>());
        return true;
      case 'r':
        put(in_.fixed<uint32_t>());
        return true;
      case 0x94:  // MEMOIZE
        put(remembered_);
        return true;
      default:
        return false;
    }
  }

  void push_name_from_stack() {
    const std::vector<Id> names = pop_count(2);
    for (const Id id : names) {
      require(nodes_[id].kind == PickleKind::text, "the name of a class is not a string");
    }
    push(named(nodes_[names[0]].text, nodes_[names[1]].text));
  }

  bool objects(uint8_t code) {
    switch (code) {
      case 'c': {
        const std::string_view module = in_.line();
        push(named(module, in_.line()));
        return true;
      }
      case 0x93:  // STACK_GLOBAL
        push_name_from_stack();
        return true;
      case 'R':
      case 0x81: {  // NEWOBJ
        const std::vector<Id> ids = pop_count(2);
        push(code == 'R' ? call(nodes_, ids[0], ids[1]) : instance(nodes_, ids[0]));
        return true;
      }
      case 'b': {
        const Id state = pop();
        build(nodes_, top(), state);
        return true;
      }
      case 'Q':  // BINPERSID
        push(persistent(nodes_, pop()));
        return true;
      default:
        return false;
    }
  }

  [[noreturn]] static void reject(uint8_t code) {
    for (const OpcodeName& rejected : kRejected) {
      if (rejected.code == code) {
        throw Rejection{message("the opcode ", rejected.name, " is not allowed in a weights file"),
                        "save only the weights, with pickle protocol 2 or newer"};
      }
    }
    throw Rejection{message("the byte ", int{code}, " is not a pickle opcode")};
  }

  static constexpr Id kNothing = ~Id{0};

  ByteReader in_;
  Nodes& nodes_;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;
  std::vector<Id> memo_;
  uint64_t remembered_ = 0;
  Id none_ = 0, false_ = 0, true_ = 0;
};

}  // namespace

Parsed parse(std::span<const uint8_t> bytes, Nodes& nodes) { return Machine(bytes, nodes).run(); }

}  // namespace pg::pickle
