"use strict";
// What the tests get from sessions.

/** The text of all pieces up to the end of the answer. */
const rest = async (session) => {
  let text = "";
  for (;;) {
    const piece = await session.next();
    text += piece.text;
    if (piece.end !== null) return text;
  }
};

module.exports = { rest };
