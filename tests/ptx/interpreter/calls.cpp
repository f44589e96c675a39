// calls.cpp: calls, expanded in place; their parameters are registers.
#include "tests/ptx/interpreter/body.h"

namespace pg::ptx {
namespace {

constexpr int kDeepest = 16;  // calls within calls; recursion would not end

std::vector<std::string> names_until_bracket(Lexer& lex) {
  std::vector<std::string> list;
  while (!lex.accept(")")) {
    list.push_back(lex.take());
    lex.accept(",");
  }
  return list;
}

}  // namespace

// ld.param and st.param of a call's parameters become moves. False: another parameter.
bool BodyParser::call_parameter_move(Ir& ir, Lexer& lex) {
  const bool load = ir.mods[0] == "ld";
  if (!load && ir.mods[0] != "st") return false;
  Lexer ahead = lex;
  Operand value;
  if (load) {
    value = operand(ahead);
    ahead.expect(",");
  }
  ahead.expect("[");
  const CallParameter* const parameter = call_parameter(ahead.take());
  if (parameter == nullptr) return false;
  const int64_t offset = ahead.accept("+") ? std::stoll(ahead.take()) : 0;
  ahead.expect("]");
  if (!load) {
    ahead.expect(",");
    value = operand(ahead);
  }
  if (value.kind == Operand::vec) fail("a call with a vector parameter");
  const std::string type = ir.mods.back();
  const Operand slot = register_operand(call_slot(*parameter, offset, bytes_of(type)));
  ir.mods = {"mov", type};
  ir.args = load ? std::vector<Operand>{value, slot} : std::vector<Operand>{slot, value};
  lex = ahead;
  return true;
}

void BodyParser::bind(Scope& scope, const std::vector<Variable>& to,
                      const std::vector<std::string>& from) {
  if (to.size() != from.size()) fail("a call with another number of parameters");
  for (size_t i = 0; i < to.size(); ++i) {
    if (const CallParameter* const parameter = call_parameter(from[i])) {
      scope.call_params[to[i].name] = *parameter;
    }
  }
}

void BodyParser::call(Lexer& lex) {
  std::vector<std::string> results, arguments;
  if (lex.accept("(")) {
    results = names_until_bracket(lex);
    lex.expect(",");
  }
  const std::string callee = lex.take();
  const auto f = module_.functions.find(callee);
  if (f == module_.functions.end()) fail("call of '" + callee + "', which has no body here");
  if (lex.accept(",")) {
    lex.expect("(");
    arguments = names_until_bracket(lex);
  }
  if (++depth_ > kDeepest) fail("calls nest too deeply");
  Scope scope;
  bind(scope, f->second.results, results);
  bind(scope, f->second.params, arguments);
  const size_t frame = frame_;
  scopes_.push_back(std::move(scope));
  frame_ = scopes_.size() - 1;
  const size_t end = label("return of the call");
  returns_.push_back(end);
  parse(f->second);
  body_.label_at[end] = static_cast<int64_t>(body_.code.size());
  returns_.pop_back();
  scopes_.resize(frame_);
  frame_ = frame;
  --depth_;
}

}  // namespace pg::ptx
