import path from 'node:path'
import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  // The workspace, whose packages this application uses.
  turbopack: { root: path.join(import.meta.dirname, '../..') },
  // The workspace checks all types at once.
  typescript: { ignoreBuildErrors: true },
}

export default config
