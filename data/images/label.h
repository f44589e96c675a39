// label.h: a line of text drawn into an image, in a font of 8x13 pixels.
#pragma once

#include <string_view>

#include "data/images/image.h"

namespace pg {

// Draws digits, points, spaces and the letters of "kimg" and "x" in white on a darkened box in the
// lower left corner; other characters are blank. The font is enlarged by a whole factor to about a
// twentieth of the height, unless the text would not fit then. Pixels outside of the image are
// dropped.
void draw_label(Image& image, std::string_view text);

}  // namespace pg
