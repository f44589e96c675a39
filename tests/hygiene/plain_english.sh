#!/usr/bin/env bash
# plain_english.sh ROOT: no document, comment or string contains a phrase that the glossary bans
# (CONTRIBUTING.md, Words), and no line of prose in a document is longer than 100 columns.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/files.sh"
root=$1
need_files "$root" '*.md' "${kSources[@]}" '*.sh' '*.py' '*.cmake' '*.toml' '*.cff' CMakeLists.txt \
  CITATION.cff NOTICE

complaints=$(cd "$root" && awk '
  function complain(what) { print file ":" first ": " what }

  # Reports the first match of a pattern in the lower-case text `low`.
  function ban(pattern, advice) {
    if (match(low, pattern))
      complain("\"" substr(low, RSTART + 1, RLENGTH - 1) "\": " advice)
  }

  # A sentence that begins with What or Where and is neither a question nor "What to do".
  function nominal(rest,   sentence, mark, word) {
    while (match(rest, /(^|[.:;!?] +)(What|Where) /)) {
      word = substr(rest, RSTART, RLENGTH) ~ /What/ ? "What" : "Where"
      rest = substr(rest, RSTART + RLENGTH)
      match(rest, /[.?!]( |$)/)
      sentence = RSTART ? substr(rest, 1, RSTART - 1) : rest
      mark = RSTART ? substr(rest, RSTART, 1) : ""
      if (mark != "?" && sentence !~ /^to /)
        complain("\"" word " " substr(sentence, 1, 40) "\": start with the subject")
    }
  }

  # Checks the text gathered so far: a paragraph, a block of comments, or neighbouring strings.
  function flush_text(   low_before) {
    if (text == "") return
    gsub(/[ \t]+/, " ", text)
    if (!heading) nominal(text)
    heading = 0
    low = " " tolower(text) " "
    gsub(/there (is|are|was|were) no /, "there exists no ", low)
    ban("[^a-z]anew[^a-z]", "say again")
    ban("[^a-z](is|are|was|were|be|been|being) told[^a-z]", "say is passed, receives or is printed")
    ban("[^a-z](goes|go|going|went|gone) on (with|from|as|until|in|at|after|till)[^a-z]",
        "say continue or resume")
    ban("[^a-z]but for [^a-z]*(the|a|an|what|those|that|its|this) ", "say except")
    ban("[^a-z]the begin[^a-z]|[^a-z]begin of[^a-z]", "say start")
    ban("[^a-z]there exists no [a-z0-9 ,_-]*\x27", "say unknown X, or no such X")
    ban("[^a-z](is|are) no (whole|complete|single|plain|proper|valid|image|picture|number|class|" \
        "function|pair|value|checkpoint|folder|file|archive|database|record|data|set|dataset|key|" \
        "name|power|multiple|safetensors|tfrecord|lmdb|zip|png|jpeg|webp|bmp|idx|npy|json|toml|" \
        "pickle|run|format|estimate|crash|call)[^a-z]", "say is not a")
    ban("[^a-z](held|holds|hold|holding) (it |them )?against[^a-z]", "say compare with")
    ban("[^a-z]passed over[^a-z]", "say skipped")
    ban("[^a-z](left|leave|leaves|leaving) (it |them |this |that )?out[^a-z]", "say skip or omit")
    ban("[^a-z]leave [a-z0-9_-]+ away[^a-z]", "say drop")
    ban("[^a-z]by the way[^a-z]", "omit it")
    ban("[^a-z]likewise[^a-z]", "repeat the words, or say also")
    ban("[^a-z]averaged generator", "say EMA")
    ban("[^a-z]stands? (at|behind|beside|before|under|between|there|with)[^a-z]|[^a-z]stands? in " \
        "(a|an|the|its|their|this|that|each|every|one|memory|front)[^a-z]", "say is or lies in")
    ban("[^a-z](one|device|gpu|it) answers[^a-z]", "say is available")
    ban("[^a-z](as|when|until|before|while|if|that|where) whoever [a-z]", "name the caller")
    text = ""
  }

  function add(part) {
    if (part == "") return
    if (text == "") first = FNR
    text = text (text == "" ? "" : " ") part
  }

  # --- documents ---
  function document(line,   shown, cell) {
    if (line ~ /^```/) { flush_text(); fenced = !fenced; return }
    if (line ~ /^## /) words = FILENAME ~ /CONTRIBUTING\.md$/ && line ~ /^## Words/
    if (words) { flush_text(); return } # the section that lists the banned phrases
    code = fenced || (line ~ /^(    |\t)/ && (blank || code))
    shown = line
    gsub(/\]\([^)]*\)/, "]", shown)
    if (!code && line !~ /^[|#]/ && length(shown) > 100 && shown ~ / /) {
      file = FILENAME; first = FNR
      complain("a line of prose longer than 100 columns")
    }
    if (line ~ /^#/) { flush_text(); heading = 1 }
    blank = line ~ /^[ \t]*$/
    if (blank || line ~ /^[ \t]*([-*|]|[0-9]+\.) /) flush_text()
    sub(/^[ \t]*([-*#]+|[0-9]+\.) +/, "", line)
    gsub(/\*\*/, "", line)
    if (line ~ /^\|/) { # each cell is a text
      shown = line
      while (match(shown, /\|[^|]+/)) {
        cell = substr(shown, RSTART + 1, RLENGTH - 1)
        shown = substr(shown, RSTART + RLENGTH)
        first = FNR; text = cell
        sub(/^ +/, "", text); sub(/ +$/, "", text)
        if (text ~ /^(What|Where)$/) text = ""
        flush_text()
      }
      return
    }
    add(line)
    if (heading) flush_text()
  }

  # --- C++ and CUDA: comments and string literals ---
  function source_line(line,   strings, comment, whole) {
    gsub(/\x27\\?"\x27/, "", line)
    gsub(/\\"/, "\x27", line)
    gsub(/\\n/, " ", line)
    strings = ""
    if (line !~ /^[ \t]*#[ \t]*include/)
      while (match(line, /"[^"]*"/)) {
        strings = strings substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, 1, RSTART - 1) "\001" substr(line, RSTART + RLENGTH)
      }
    comment = ""
    if (match(line, /\/\//)) {
      comment = substr(line, RSTART + 2)
      whole = substr(line, 1, RSTART - 1) ~ /^[ \t]*$/
    }
    sub(/^ +/, "", comment)
    if (kind != (strings != "" ? "string" : comment != "" ? "comment" : "")) flush_text()
    kind = strings != "" ? "string" : comment != "" ? "comment" : ""
    if (strings != "") {
      add(strings)
      if (comment != "") { flush_text(); add(comment); flush_text() }
    } else if (comment != "") {
      if (!whole) flush_text()
      add(comment)
      if (!whole) kind = "comment"
    } else if (line ~ /^[ \t]*\/\/[ \t]*$/) {
      flush_text()
    }
  }

  # --- scripts and build files: whole lines, comments joined ---
  function script_line(line) {
    if (line !~ /^[ \t]*#/) { flush_text(); add(line); flush_text(); return }
    sub(/^[ \t]*#+ ?/, "", line)
    if (line == "") flush_text()
    add(line)
  }

  FNR == 1 { flush_text(); fenced = code = words = 0; blank = 1; kind = ""; file = FILENAME }
  FILENAME ~ /tests\/hygiene\/(plain_english|checks_catch_violations)\.sh$/ { next }
  { file = FILENAME }
  FILENAME ~ /\.md$|NOTICE$/ { document($0); next }
  FILENAME ~ /\.(h|cpp|cu|cuh|def)$/ { source_line($0); next }
  { script_line($0) }
  END { flush_text() }
' "${files[@]}")
verdict "$complaints" "Reword by the glossary in CONTRIBUTING.md (Words)."
