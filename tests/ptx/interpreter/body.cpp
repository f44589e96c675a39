// body.cpp: declarations, labels and statements of a body.
#include "tests/ptx/interpreter/body.h"

#include <sstream>

namespace pg::ptx {

int Body::new_register(uint8_t width) {
  widths.push_back(width);
  return static_cast<int>(widths.size()) - 1;
}

int64_t Body::add_shared(const std::string& name, const Variable& v) {
  const auto it = shared_addresses.find(name);
  if (it != shared_addresses.end()) return it->second;
  const uint32_t address = (shared_end + v.align - 1) / v.align * v.align;
  shared_end = address + static_cast<uint32_t>(v.bytes);
  shared.emplace_back(address, static_cast<uint32_t>(v.bytes));
  return shared_addresses[name] = address;
}

size_t Body::target_of(const Ir& branch) const {
  const auto label = static_cast<size_t>(branch.args.at(0).value);
  if (label_at[label] < 0) fail("unknown label '" + label_names[label] + "'");
  return static_cast<size_t>(label_at[label]);
}

BodyParser::BodyParser(const ModuleText& module, Body& body) : module_(module), body_(body) {}

void BodyParser::declare_registers(Lexer& lex) {
  const uint8_t width = bytes_of(lex.take().substr(1));
  do {
    const std::string name = lex.take();
    if (!lex.accept("<")) {
      scopes_.back().single[name] = body_.new_register(width);
      continue;
    }
    const int n = std::stoi(lex.take());
    lex.expect(">");
    scopes_.back().ranges[name] = {static_cast<int>(body_.widths.size()), n};
    body_.widths.resize(body_.widths.size() + static_cast<size_t>(n), width);
  } while (lex.accept(","));
  lex.expect(";");
}

void BodyParser::declare_variable(Lexer& lex, const std::string& space) {
  const Variable v = parse_variable(lex);
  lex.expect(";");
  Scope& scope = scopes_.back();
  if (space == ".param") {
    scope.call_params[v.name] = std::make_shared<std::map<int64_t, int>>();
  } else if (space == ".shared") {
    scope.addresses[v.name] = body_.add_shared(v.name, v);
  } else {
    const uint32_t address = (body_.local_bytes + v.align - 1) / v.align * v.align;
    body_.local_bytes = address + static_cast<uint32_t>(v.bytes);
    scope.addresses[v.name] = static_cast<int64_t>(kLocalBase + address);
  }
}

// .loc FILE LINE ...
void BodyParser::note_source(Lexer& lex) {
  const std::string file = lex.take();
  const auto it = module_.files.find(file);
  source_ = (it == module_.files.end() ? file : it->second) + ":" + std::string(lex.token());
  lex.skip_line();
}

void BodyParser::statement(Lexer& lex) {
  Ir ir;
  ir.line = lex.line();
  ir.source = source_;
  const size_t begin = lex.begin();
  if (lex.accept("@")) {
    ir.negated = lex.accept("!");
    ir.guard = register_of(lex.take());
    if (ir.guard < 0) fail("unknown guard");
  }
  std::istringstream parts(lex.take());
  for (std::string part; std::getline(parts, part, '.');) ir.mods.push_back(part);
  if (ir.mods[0] == "call") {
    if (ir.guard >= 0) fail("a call with a guard");
    call(lex);
    lex.expect(";");
    return;
  }
  if (!ir.has("param") || !call_parameter_move(ir, lex)) {
    while (lex.token() != ";") {
      ir.args.push_back(operand(lex));
      lex.accept(",");
    }
  }
  if (ir.mods[0] == "ret" && !returns_.empty()) {
    Operand target;
    target.kind = Operand::label;
    target.value = static_cast<int64_t>(returns_.back());
    ir.mods = {"bra"};
    ir.args = {target};
  }
  ir.op = ir.mods[0];
  for (size_t i = 1; i < ir.mods.size(); ++i) ir.op += "." + ir.mods[i];
  body_.text.emplace_back(module_.text.substr(begin, lex.begin() - begin));
  lex.expect(";");
  body_.code.push_back(std::move(ir));
}

void BodyParser::label_or_statement(Lexer& lex) {
  Lexer ahead = lex;
  ahead.advance();
  if (ahead.token() == ":") {
    body_.label_at[label(lex.take())] = static_cast<int64_t>(body_.code.size());
    lex.expect(":");
    return;
  }
  const uint32_t line = lex.line();
  try {
    statement(lex);
  } catch (const Error& e) {
    fail("line " + std::to_string(line) + " of the PTX: " + e.what());
  }
}

void BodyParser::parse_line(Lexer& lex) {
  const std::string_view t = lex.token();
  if (t == "{") {
    lex.advance();
    scopes_.emplace_back();
  } else if (t == "}") {
    lex.advance();
    scopes_.pop_back();
  } else if (t == ";") {
    lex.advance();
  } else if (!t.starts_with('.')) {
    label_or_statement(lex);
  } else if (const std::string directive = lex.take(); directive == ".reg") {
    declare_registers(lex);
  } else if (directive == ".shared" || directive == ".local" || directive == ".param") {
    declare_variable(lex, directive);
  } else if (directive == ".loc") {
    note_source(lex);
  } else if (directive == ".pragma") {
    lex.skip_statement();
  } else {
    fail("line " + std::to_string(lex.line()) + ": unknown directive '" + directive + "'");
  }
}

void BodyParser::parse(const Function& f) {
  Lexer lex(module_.text, f.begin, f.line);
  const size_t outermost = scopes_.size();
  do {
    if (lex.done()) fail("the text ends in " + f.name);
    parse_line(lex);
  } while (scopes_.size() > outermost);
}

void BodyParser::parse_kernel(const Function& f) {
  scopes_.emplace_back();
  int64_t offset = 0;
  for (const Variable& p : f.params) {
    offset = (offset + p.align - 1) / p.align * p.align;
    scopes_.back().addresses[p.name] = offset;
    body_.params.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(p.bytes)});
    offset += static_cast<int64_t>(p.bytes);
  }
  body_.param_bytes = static_cast<uint32_t>(offset);
  parse(f);
}

Body parse_body(const ModuleText& module, const Function& f) {
  Body body;
  BodyParser(module, body).parse_kernel(f);
  return body;
}

}  // namespace pg::ptx
