// Markdown of the generated pages.

const NOTE = '<!-- Made by `npm run docs`. Change the table it comes from, not this page. -->\n'

export function page(title: string, blocks: readonly string[]): string {
  return `${NOTE}\n# ${title}\n\n${blocks.join('\n\n')}\n`
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function code(text: string): string {
  return `\`${text}\``
}
