import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import './console.css'
import { App } from './app.tsx'

const root = document.getElementById('console')
if (root !== null) render(<App />, root)
