"""The app's own themes, dark and light. Every colour on the screen is a token of the theme in force."""

from typing import Final

from textual.theme import Theme

FLOWIMG_DARK: Final = Theme(
    name="flowimg-dark",
    primary="#cba6f7",
    secondary="#89b4fa",
    accent="#fab387",
    foreground="#cdd6f4",
    background="#181825",
    surface="#1e1e2e",
    panel="#313244",
    success="#a6e3a1",
    warning="#f9e2af",
    error="#f38ba8",
    dark=True,
    variables={
        "border": "#cba6f7",
        "border-blurred": "#45475a",
        "block-cursor-foreground": "#cdd6f4",
        "block-cursor-background": "#313244",
        "block-cursor-text-style": "none",
        "footer-background": "#181825",
        "footer-key-foreground": "#fab387",
        "button-color-foreground": "#1e1e2e",
    },
)

FLOWIMG_LIGHT: Final = Theme(
    name="flowimg-light",
    primary="#7526d9",
    secondary="#1a58d6",
    accent="#a34008",
    foreground="#2b2d3f",
    background="#ffffff",
    surface="#f2f3f8",
    panel="#dfe2ec",
    success="#23701a",
    warning="#855300",
    error="#b80f36",
    dark=False,
    variables={
        "border": "#7526d9",
        "border-blurred": "#a8acbf",
        "block-cursor-foreground": "#2b2d3f",
        "block-cursor-background": "#dfe2ec",
        "block-cursor-text-style": "none",
        "footer-background": "#ffffff",
        "footer-key-foreground": "#a34008",
        "button-color-foreground": "#ffffff",
    },
)
