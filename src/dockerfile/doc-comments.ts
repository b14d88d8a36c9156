/** What comments say of the name each begins with; the first of a name counts. */
export function descriptionsIn(comments: readonly string[]): Map<string, string> {
  const descriptions = new Map<string, string>();
  for (const comment of comments) {
    const blank = comment.indexOf(' ');
    const name = comment.slice(0, blank);
    if (blank > 0 && !descriptions.has(name)) descriptions.set(name, comment.slice(blank + 1));
  }
  return descriptions;
}
