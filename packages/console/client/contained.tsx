import type { ComponentChildren } from 'preact'
import { useErrorBoundary } from 'preact/hooks'

/**
 * A screen whose mistakes stay its own. A page that was loaded before the server was replaced may
 * not understand its answers.
 */
export function Contained({ children }: { readonly children: ComponentChildren }) {
  const [error] = useErrorBoundary() as readonly [unknown, () => void]
  if (error === undefined) return <>{children}</>
  return (
    <p class="unavailable">
      This screen could not be shown. The server may be newer than the page.{' '}
      <button type="button" onClick={() => location.reload()}>
        Load the page anew
      </button>
    </p>
  )
}
