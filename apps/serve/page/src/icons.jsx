// Pictures on buttons; the button's label says the same in words.
const shapes = {
  menu: <path d="M4 7h16M4 12h16M4 17h16" />,
  plus: <path d="M12 5v14M5 12h14" />,
  close: <path d="M6 6l12 12M18 6L6 18" />,
  send: <path d="M12 19V5M6 11l6-6 6 6" />,
  stop: <rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor" stroke="none" />,
  settings: <path d="M4 8h9M17 8h3M4 16h3M11 16h9M15 5.5v5M9 13.5v5" />,
  memory: <path d="M6 6v10a3 3 0 0 0 3 3h6a3 3 0 0 0 3-3V6M6 13q3-2 6 0t6 0" />,
  rename: <path d="M5 19l1-4L16 5l3 3L9 18z" />,
  remove: <path d="M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12" />,
};

export function Icon({name}) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8"
      stroke-linecap="round" stroke-linejoin="round">
      {shapes[name]}
    </svg>
  );
}

/** A button that shows a picture; `label` is read aloud and shown as a hint. */
export function IconButton({icon, label, ...rest}) {
  return <button type="button" class="icon-button" aria-label={label} title={label} {...rest}><Icon name={icon} /></button>;
}
