/** Light or dark as the system has it, until somebody says otherwise; not kept when the page is closed. */

export function themeButton(button: HTMLButtonElement): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen: boolean | undefined;
  const draw = () => {
    const isDark = chosen ?? system.matches;
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
    button.textContent = isDark ? 'Light' : 'Dark';
    button.setAttribute('aria-label', isDark ? 'Light colours' : 'Dark colours');
  };
  button.addEventListener('click', () => {
    chosen = !(chosen ?? system.matches);
    draw();
  });
  system.addEventListener('change', draw);
  draw();
}
