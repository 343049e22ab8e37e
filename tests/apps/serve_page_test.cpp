// The page of `brim serve`: its files, their headers, and what a browser that has them is answered.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "apps/serve/page.hpp"
#include "apps/serve/page_files.hpp"
#include "apps/serve/response.hpp"

namespace serve_page {

using namespace brim::apps::serve;

std::string page_header(const Reply& reply, std::string_view name) {
  for (const Header& header : reply.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

TEST_CASE("every file of the page is served with its type and the policy that binds the browser to it") {
  REQUIRE(page_files().size() == 5);
  for (const PageFile& file : page_files()) {
    CAPTURE(file.path);
    REQUIRE(is_page_path(file.path));
    const Reply reply = page_reply("GET", file.path, "");
    CHECK(reply.status == 200);
    CHECK(reply.type == file.type);
    CHECK(reply.body.size() == file.size);
    CHECK(page_header(reply, "Content-Security-Policy").starts_with("default-src 'self';"));
    CHECK(page_header(reply, "Referrer-Policy") == "no-referrer");
    CHECK(page_header(reply, "ETag") == file.tag);
    const std::string sent = whole_response(reply, true);
    CHECK(sent.find("Cache-Control: no-cache\r\n") != std::string::npos);
    CHECK(sent.find("no-store") == std::string::npos);
    CHECK(sent.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
  }
  const std::string html = page_reply("GET", "/", "").body;
  CHECK(html.starts_with("<!doctype html>"));
  CHECK(html.find("<style") == std::string::npos);
  CHECK(page_reply("GET", "/licenses", "").body.find("preact") != std::string::npos);
}

TEST_CASE("a browser that has a file is answered without it") {
  const std::string tag = page_header(page_reply("GET", "/page.js", ""), "ETag");
  REQUIRE(tag.size() == 34);
  for (const std::string& header : {tag, "W/" + tag, "\"other\", " + tag, tag + " ,\"other\"", std::string("*")}) {
    CAPTURE(header);
    const Reply reply = page_reply("GET", "/page.js", header);
    CHECK(reply.status == 304);
    const std::string sent = whole_response(reply, true);
    CHECK(sent.starts_with("HTTP/1.1 304 Not Modified\r\n"));
    CHECK(sent.find("Content-Length") == std::string::npos);
    CHECK(sent.ends_with("\r\n\r\n"));
  }
  for (const std::string& header : {std::string(), std::string("\"other\""), tag.substr(1), std::string(",,")}) {
    CHECK(page_reply("GET", "/page.js", header).status == 200);
  }
}

TEST_CASE("what is not the page's is left to the endpoints, and the page is only read") {
  for (const std::string_view path : {"", "/v1/models", "//", "/page.js/", "/../page.js", "/index.html"}) {
    CHECK_FALSE(is_page_path(path));
  }
  CHECK(page_reply("HEAD", "/", "").status == 200);
  CHECK_THROWS_AS(page_reply("POST", "/", ""), Refusal);
}

}  // namespace serve_page
