const keywords = /(?:^|\s)(?:if|then|for|while|until|case|do)\s/;

/** Whether a script is a command, or several joined by `&&`, to which one more can be joined. */
export function isPlainChain(script: string): boolean {
  if (/\|\||[;#()`\n{}]|(?:^|[^&])&(?:[^&]|$)/.test(script)) return false;
  return !keywords.test(script) && !/(?:&&|\||\\)\s*$/.test(script);
}
