// Works on the text of a program before it runs, with sucrase; not a part of the function that the other files are.
//
// The engine notes places for calls, operators and statements that are expressions. An error in `const b = a.b.c` would
// be told at whatever came before it. So each declaration, loop, condition and `return` gets a mark, an expression of no
// consequence that has a place: no line moves, and marks.py takes the columns back.
({ transform, parse, TokenType }) => {
  const STATEMENT = "0x0;";
  const OPERAND = "0|0,";
  const STARTS = [TokenType._const, TokenType._let, TokenType._var, TokenType._for];
  const CONDITION = [TokenType._if, TokenType._while, TokenType._switch];
  const INSIDE = [TokenType.parenL, TokenType.parenR, TokenType._else, TokenType._do, TokenType.colon];
  const ENDS = [TokenType.semi, TokenType.braceR, TokenType.eof];

  const strip = (code, file, typed) =>
    transform(code, { transforms: typed ? ["typescript"] : [], filePath: file, disableESTransforms: true }).code;

  const mark = (code) => {
    if (code.includes(STATEMENT) || code.includes(OPERAND)) return code;
    const { tokens } = parse(code, false, false, false);
    let marked = "";
    let done = 0;
    const insert = (at, text) => {
      marked += code.slice(done, at) + text;
      done = at;
    };
    tokens.forEach((token, index) => {
      const before = tokens[index - 1];
      const after = tokens[index + 1];
      if (STARTS.includes(token.type)) {
        if (before === undefined || !INSIDE.includes(before.type)) insert(token.start, STATEMENT);
      } else if (CONDITION.includes(token.type)) {
        if (after?.type === TokenType.parenL) insert(after.end, OPERAND);
      } else if (token.type === TokenType._return) {
        const same = after !== undefined && !code.slice(token.end, after.start).includes("\n");
        if (!same || ENDS.includes(after.type)) return;
        // As in `return"text"`: the words would become one.
        insert(after.start, token.end === after.start ? `+${OPERAND}` : OPERAND);
      }
    });
    return marked + code.slice(done);
  };

  return { strip, mark };
}
