function backandCallback(userInput: object, dbRow: { id: string }, parameters: { level: number }) {
  return { id: dbRow.id, level: parameters.level };
}
