import { digest } from '@headwater/core'
import { answer } from './answer.ts'
import { clientAsset } from './client-assets.ts'

const page = (below: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Headwater</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${below}console.css">
    <script type="module" src="${below}console.js"></script>
  </head>
  <body>
    <div id="console"></div>
    <noscript>The console needs JavaScript.</noscript>
  </body>
</html>
`

const types = {
  'console.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
} as const

/**
 * The page. Its addresses are relative, since a proxy may have taken the first parts of the path
 * away: `below` leads from its own to what lies below the console.
 */
export function consolePage(below: string): Response {
  return answer(200, page(below), { 'Content-Type': 'text/html; charset=utf-8' })
}

/** The script or the style of the page by its name. */
export async function assetAt(path: string, request: Request): Promise<Response | undefined> {
  if (path !== 'console.js' && path !== 'console.css') return undefined
  const content = await clientAsset(path)
  const etag = `"${digest(content).slice(0, 32)}"`
  const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', 'Content-Type': types[path] }
  if (request.headers.get('if-none-match') === etag) return answer(304, null, headers)
  return answer(200, content, headers)
}
