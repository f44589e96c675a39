// body.h: the body of a kernel as a list of statements, with calls expanded in place.
#pragma once

#include <map>
#include <memory>

#include "tests/ptx/interpreter/ir.h"
#include "tests/ptx/interpreter/module_text.h"
#include "tests/ptx/interpreter/shared.h"

namespace pg::ptx {

// An immediate from this value on is an offset in dynamic shared memory, whose address is known at
// the end of the body.
constexpr int64_t kDynamicPlaceholder = int64_t{0x7d} << 40;
inline bool is_dynamic(int64_t value) { return value >> 40 == kDynamicPlaceholder >> 40; }

struct Body {
  std::vector<Ir> code;
  std::vector<std::string> text;
  std::vector<uint8_t> widths;          // of each register, in bytes of a lane; 1: predicate
  std::map<std::string, int> specials;  // %tid.x ... -> register
  std::vector<int64_t> label_at;        // index in code; -1: not yet seen
  std::vector<std::string> label_names;
  std::vector<Param> params;
  uint32_t param_bytes = 0;
  std::vector<std::pair<uint32_t, uint32_t>> shared;  // address, bytes
  std::map<std::string, int64_t> shared_addresses;
  uint32_t shared_end = kSharedBase, local_bytes = 0;
  bool dynamic_shared = false;

  int new_register(uint8_t width);
  int64_t add_shared(const std::string& name, const Variable& v);
  size_t target_of(const Ir& branch) const;
};

class BodyParser {
 public:
  BodyParser(const ModuleText& module, Body& body);
  void parse_kernel(const Function& f);

 private:
  // A block in braces. Parameters of calls are registers, one for each (name, offset).
  using CallParameter = std::shared_ptr<std::map<int64_t, int>>;
  struct Scope {
    std::map<std::string, std::pair<int, int>> ranges;  // prefix -> first, count
    std::map<std::string, int> single;
    std::map<std::string, int64_t> addresses;
    std::map<std::string, CallParameter> call_params;
    std::map<std::string, size_t> labels;
  };

  // names.cpp
  int special(const std::string& name);
  int register_of(const std::string& name);
  bool address_of(const std::string& name, int64_t& address);
  size_t label(const std::string& name);
  const CallParameter* call_parameter(const std::string& name) const;
  int call_slot(const CallParameter& parameter, int64_t offset, uint8_t width);
  // operands.cpp
  Operand operand(Lexer& lex);
  Operand address_operand(Lexer& lex);
  void add_offsets(Lexer& lex, int64_t& value);
  // body.cpp
  void parse(const Function& f);
  void parse_line(Lexer& lex);
  void declare_registers(Lexer& lex);
  void declare_variable(Lexer& lex, const std::string& space);
  void note_source(Lexer& lex);
  void label_or_statement(Lexer& lex);
  void statement(Lexer& lex);
  // calls.cpp
  bool call_parameter_move(Ir& ir, Lexer& lex);
  void call(Lexer& lex);
  void bind(Scope& scope, const std::vector<Variable>& to, const std::vector<std::string>& from);

  const ModuleText& module_;
  Body& body_;
  std::vector<Scope> scopes_;
  size_t frame_ = 0;  // scope that has the labels of this function
  std::vector<size_t> returns_;
  int depth_ = 0;
  std::string source_;
};

Body parse_body(const ModuleText& module, const Function& f);

}  // namespace pg::ptx
