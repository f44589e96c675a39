// module_text.h: the variables and functions of a module; the bodies of functions stay text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/ptx/interpreter/lexer.h"

namespace pg::ptx {

struct Variable {
  std::string name;
  uint32_t align = 1, element = 1;
  uint64_t bytes = 0;
  bool open = false;  // name[]
  std::vector<uint64_t> initial;
};

struct Function {
  std::string name;
  bool entry = false;
  std::vector<Variable> results, params;
  unsigned max_threads = 1024;
  size_t begin = 0;  // of the body in the text
  uint32_t line = 0;
};

struct ModuleText {
  std::string text;
  std::map<std::string, Function> functions;
  std::map<std::string, Variable> shared;
  std::map<std::string, uint64_t> globals;  // addresses in device memory
  std::map<std::string, std::string> files;

  explicit ModuleText(std::string all);

 private:
  void define(Lexer& lex, const std::string& directive);
  void define_file(Lexer& lex);
  void define_global(const Variable& v);
  void define_function(Lexer& lex, bool entry);
};

// ".align 8 .b8 name[16] = {1, 2}" after the state space; ends before "," ")" or ";".
Variable parse_variable(Lexer& lex);
// Bytes of a lane; 1: predicate.
uint8_t bytes_of(const std::string& type);

}  // namespace pg::ptx
