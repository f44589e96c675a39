// fit.cpp: names of the fits.
#include "data/images/fit.h"

#include "kernels/error.h"

namespace pg {

const char* name_of(Fit fit) {
  switch (fit) {
    case Fit::automatic:
      return "auto";
    case Fit::crop:
      return "crop";
    case Fit::pad:
      return "pad";
    case Fit::stretch:
      return "stretch";
  }
  return "?";
}

Fit parse_fit(std::string_view name) {
  for (const Fit fit : {Fit::automatic, Fit::crop, Fit::pad, Fit::stretch}) {
    if (name == name_of(fit)) return fit;
  }
  throw UsageError(message("unknown fit '", name, "': expected auto, crop, pad or stretch"));
}

}  // namespace pg
