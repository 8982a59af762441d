import { readFile } from 'node:fs/promises'

const path = new URL('../../../../../docs/guides/outbox-at-scale.md', import.meta.url)

/** The guide to Debezium. */
export const readGuide = (): Promise<string> => readFile(path, 'utf8')

/** The code blocks of one language in the guide. */
export async function guideBlocks(language: string): Promise<readonly string[]> {
  const guide = await readGuide()
  const blocks = guide.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))
  return [...blocks].map(([, code]) => code ?? '')
}

/** The configuration of the guide's connector. */
export async function connectorConfig(): Promise<Readonly<Record<string, string>>> {
  const [json = ''] = await guideBlocks('json')
  return (JSON.parse(json) as { config: Record<string, string> }).config
}
