// The same as consumer.c, through the C++ header.
#include <brim/brim.hpp>
#include <cstdio>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  try {
    const brim::Model model = brim::Model::load(arguments[1]);
    brim::Session session(model, {{"kv.budget", "full"}, {"temperature", "0"}, {"limit", "8"}});
    session.append("Once");
    for (brim::Session::Piece piece{{}, 0, brim::Session::End::not_yet}; piece.end == brim::Session::End::not_yet;) {
      piece = session.next();
      std::printf("%d ", piece.id);
    }
    std::printf("\n");
    return 0;
  } catch (const brim::Exception& failure) {
    std::printf("%s\n", failure.what());
    return 1;
  }
}
