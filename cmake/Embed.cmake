# cmake -D FOLDER=… -D OUTPUT=… -P Embed.cmake: writes the built page in FOLDER as the definition of
# apps/serve/page_files.hpp, with a digest of each file as its ETag.
set(arrays "")
set(rows "")
function(embed path name type)
  file(READ "${FOLDER}/${name}" bytes HEX)
  file(SHA256 "${FOLDER}/${name}" digest)
  string(SUBSTRING "${digest}" 0 32 digest)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes
    "${bytes}")
  string(MAKE_C_IDENTIFIER "${name}" symbol)
  set(arrays "${arrays}constexpr unsigned char ${symbol}[] = {\n${bytes}};\n" PARENT_SCOPE)
  set(rows "${rows}    {\"${path}\", \"${type}\", \"\\\"${digest}\\\"\", ${symbol}, sizeof ${symbol}},\n" PARENT_SCOPE)
endfunction()
embed("/" "index.html" "text/html; charset=utf-8")
embed("/icon.svg" "icon.svg" "image/svg+xml")
embed("/licenses" "licenses.txt" "text/plain; charset=utf-8")
embed("/page.css" "page.css" "text/css; charset=utf-8")
embed("/page.js" "page.js" "text/javascript; charset=utf-8")
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT [[
#include "apps/serve/page_files.hpp"

namespace brim::apps::serve {
namespace {

@arrays@
constexpr PageFile kFiles[] = {
@rows@};

}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace brim::apps::serve
]] @ONLY)
