// module_text.cpp: the directives outside of bodies.
#include "tests/ptx/interpreter/module_text.h"

#include <algorithm>
#include <cstring>

#include "tests/ptx/interpreter/ir.h"
#include "tests/ptx/interpreter/memory.h"

namespace pg::ptx {
namespace {

uint64_t initial_value(Lexer& lex) {
  const bool minus = lex.accept("-");
  const std::string t = lex.take();
  if (t.starts_with("0f") || t.starts_with("0F")) return std::stoull(t.substr(2), nullptr, 16);
  const uint64_t value = std::stoull(t, nullptr, 0);
  return minus ? 0 - value : value;
}

std::vector<Variable> parse_parameters(Lexer& lex) {
  std::vector<Variable> list;
  if (!lex.accept("(")) return list;
  while (!lex.accept(")")) {
    lex.expect(".param");
    list.push_back(parse_variable(lex));
    lex.accept(",");
  }
  return list;
}

}  // namespace

uint8_t bytes_of(const std::string& type) {
  const Type t = type_of(type);
  if (t.kind == 0) fail("unknown type ." + type);
  return static_cast<uint8_t>(t.kind == 'p' ? 1 : t.bits / 8);
}

Variable parse_variable(Lexer& lex) {
  Variable v;
  std::string type;
  while (lex.token().starts_with('.')) {
    const std::string t = lex.take().substr(1);
    if (t == "align") {
      v.align = static_cast<uint32_t>(std::stoul(lex.take()));
    } else if (t != "ptr" && t != "global" && t != "shared" && t != "const") {
      type = t;
    }
  }
  v.element = bytes_of(type);
  v.name = lex.take();
  uint64_t count = 1;
  while (lex.accept("[")) {
    v.open = lex.token() == "]";
    if (!v.open) count *= std::stoull(lex.take());
    lex.expect("]");
  }
  v.bytes = v.open ? 0 : count * v.element;
  v.align = std::max(v.align, v.element);
  if (lex.accept("=")) {
    const bool list = lex.accept("{");
    do v.initial.push_back(initial_value(lex));
    while (list && lex.accept(","));
    if (list) lex.expect("}");
  }
  return v;
}

ModuleText::ModuleText(std::string all) : text(std::move(all)) {
  Lexer lex(text);
  while (!lex.done()) {
    const std::string directive = lex.take();
    define(lex, directive);
  }
}

void ModuleText::define(Lexer& lex, const std::string& directive) {
  static constexpr std::string_view kSkippedLines[] = {".version", ".target", ".address_size"};
  static constexpr std::string_view kLinkage[] = {".visible", ".weak", ".extern", ".common"};
  const auto is_one_of = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), directive) != std::end(list);
  };
  if (is_one_of(kSkippedLines)) {
    lex.skip_line();
  } else if (directive == ".file") {
    define_file(lex);
  } else if (directive == ".global" || directive == ".const" || directive == ".shared") {
    const Variable v = parse_variable(lex);
    lex.expect(";");
    if (directive == ".shared") {
      shared[v.name] = v;
    } else {
      define_global(v);
    }
  } else if (directive == ".entry" || directive == ".func") {
    define_function(lex, directive == ".entry");
  } else if (directive == ".section") {
    lex.advance();
    lex.skip_braces();
  } else if (!is_one_of(kLinkage)) {
    fail("line " + std::to_string(lex.line()) + ": unknown directive '" + directive + "'");
  }
}

void ModuleText::define_file(Lexer& lex) {
  const std::string number = lex.take();
  std::string name(lex.token());
  std::erase(name, '"');
  files[number] = name.substr(name.rfind('/') + 1);
  lex.skip_line();
}

void ModuleText::define_global(const Variable& v) {
  const uint64_t address = allocate(std::max<uint64_t>(v.bytes, 1));
  std::memset(reinterpret_cast<void*>(address), 0, v.bytes);
  for (size_t i = 0; i < v.initial.size(); ++i) {
    std::memcpy(reinterpret_cast<char*>(address) + i * v.element, &v.initial[i], v.element);
  }
  globals[v.name] = address;
}

void ModuleText::define_function(Lexer& lex, bool entry) {
  Function f;
  f.entry = entry;
  if (!entry) f.results = parse_parameters(lex);
  f.name = lex.take();
  f.params = parse_parameters(lex);
  while (lex.token().starts_with('.')) {
    const std::string d = lex.take();
    if (d == ".noreturn") continue;
    const bool threads = d == ".maxntid" || d == ".reqntid";
    if (!threads && d != ".minnctapersm" && d != ".maxnreg") fail("unknown directive '" + d + "'");
    unsigned n = 1;
    do n *= static_cast<unsigned>(std::stoul(lex.take()));
    while (lex.accept(","));
    if (threads) f.max_threads = n;
  }
  if (lex.accept(";")) return;  // only declared
  f.begin = lex.begin();
  f.line = lex.line();
  lex.skip_braces();
  functions[f.name] = std::move(f);
}

}  // namespace pg::ptx
