// foreign_names.h: options that other programs for the same work have, and what takes their place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pg::apps {

// The replacement of an option of another program: an option ("--out"), a key with an example value
// ("optimizer.g_learning_rate=0.001"), or a sentence for people ("...").
struct ForeignName {
  std::string_view name;  // in lower case, with '-' for '_'
  std::string_view instead;
  std::string_view remark;  // more to know; may be empty
};

// All entries for `name`, which is typed with or without dashes, best first.
std::vector<ForeignName> foreign_names(std::string_view name);

}  // namespace pg::apps
