import './app.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { i18n } from './i18n/i18n.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('index.html has no #app')
void i18n.begin().then(() => mount(App, { target }))

// After the first values: what keeps the panel for bad times must not slow the good ones.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  const register = () => void navigator.serviceWorker.register(new URL('sw.js', document.baseURI)).catch(() => {})
  if (document.readyState === 'complete') register()
  else addEventListener('load', register)
}
