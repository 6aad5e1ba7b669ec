"""The page around the pictures: its head, its style, and the buttons that choose a snapshot.

One file that needs no other, no network and no script: a row of radio buttons stands before the pictures, and rules of
style show what belongs to the chosen one. Arrow keys move through radio buttons by themselves.

This room knows HTML and style. It does not know what is on the page.
"""

from __future__ import annotations

from collections.abc import Sequence

from nn.show.curves import frame_class
from nn.show.pixels import BLUE, ORANGE, WHITE, hex_colour
from nn.show.surface import shapes
from nn.show.text import escaped

__all__ = ["DARK", "LIGHT", "figure", "page", "stepper"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

LIGHT = """
--ground:#f4f6f8;--card:#fff;--ink:#1f2430;--dim:#5a6270;--line:#7a828e;--grid:#e2e6eb;--frame:#d3d8df;
--accent:#005a9c;--on-accent:#fff;--shade:0,90,156;--pos:#246bbc;--neg:#d4600f;
--c0:#005a9c;--c1:#b03a00;--c2:#00694b;--c3:#8a2f7b;--c4:#755600;--c5:#4a5260;color-scheme:light
"""

DARK = """
--ground:#14171c;--card:#1f242c;--ink:#e8ebf0;--dim:#a9b1bd;--line:#7f8896;--grid:#323945;--frame:#39414d;
--accent:#7cc4ff;--on-accent:#10151b;--shade:124,196,255;--pos:#6fb1f5;--neg:#ff9d5c;
--c0:#7cc4ff;--c1:#ffa873;--c2:#5fd3a8;--c3:#e79bd8;--c4:#e6c35c;--c5:#b9c1cc;color-scheme:dark
"""

STYLE = """
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1240px;margin:0 auto;padding:28px 20px 40px}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1rem;margin:0 0 10px}
p{margin:0}
.about{color:var(--dim);overflow-wrap:anywhere}
.note{margin-top:12px;padding:8px 14px;border-left:4px solid var(--c1);background:var(--card);border-radius:4px;
white-space:pre-wrap;overflow-wrap:anywhere}
.scores{display:flex;flex-wrap:wrap;gap:12px;margin:18px 0}
.scores div{background:var(--card);border:1px solid var(--frame);border-radius:8px;padding:8px 16px;
min-width:132px}
.scores dt{color:var(--dim);font-size:.875rem}
.scores dd{margin:0;font-size:1.25rem;font-weight:600}
.scores dd small{display:block;font-size:.875rem;font-weight:400;color:var(--dim)}
.snapshots{position:relative;display:flex;flex-wrap:wrap;align-items:center;gap:6px}
.snapshots>.word{font-weight:600;margin-right:4px}
.snapshots>input{position:absolute;opacity:0;width:1px;height:1px;margin:0}
.snapshots>label{min-width:38px;padding:3px 9px;text-align:center;cursor:pointer;background:var(--card);
border:1px solid var(--line);border-radius:14px;font-size:.875rem}
.snapshots>label:hover{border-color:var(--accent)}
.snapshots>input:checked+label{background:var(--accent);border-color:var(--accent);color:var(--on-accent);
font-weight:600}
.snapshots>input:focus-visible+label{outline:3px solid var(--c1);outline-offset:2px}
.now{flex-basis:100%;min-height:1.5em}
.now b{font-weight:600}
.now label{cursor:pointer;color:var(--accent);padding:0 6px;text-decoration:underline;text-underline-offset:3px}
.now .end{visibility:hidden}
.pictures{flex-basis:100%;display:grid;gap:16px;grid-template-columns:repeat(12,minmax(0,1fr));margin-top:6px}
figure{margin:0;background:var(--card);border:1px solid var(--frame);border-radius:8px;padding:14px 16px;min-width:0}
.column{display:flex}
.column>figure{flex:1}
.network{display:flex;flex-direction:column}
.network .scroll{margin:auto 0}
.wide{grid-column:span 7}
.side{grid-column:span 5;display:flex;flex-direction:column;gap:16px;min-width:0}
.whole{grid-column:1/-1}
.charts{grid-column:1/-1;display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr))}
.scroll{overflow-x:auto}
figure svg{display:block;width:100%;height:auto;margin:0 auto}
.curve-box svg{max-width:440px}
.surface svg{max-width:520px}
.hint{color:var(--dim);font-size:.875rem;margin-top:8px}
.key{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:.875rem;margin-top:6px}
.key svg{display:inline-block;width:14px;height:14px;vertical-align:-2px;overflow:visible}
.key span{white-space:nowrap;max-width:100%;overflow:hidden;text-overflow:ellipsis}
.scale{display:inline-block;width:72px;height:10px;border:1px solid var(--line)}
.defs{position:absolute}
svg text{fill:var(--ink);font-family:inherit;unicode-bidi:isolate;paint-order:stroke;stroke:var(--card);
stroke-width:3px;stroke-linejoin:round}
.tick{font-size:11px;fill:var(--dim)!important}
.head{font-size:12px;font-weight:600}
.name{font-size:12px;font-weight:600}
.middle{text-anchor:middle}
.end{text-anchor:end}
.axis,.grid,.mark,.lead,.curve,.bundle,.pos,.neg,.rim{fill:none}
.axis{stroke:var(--line)}
.grid{stroke:var(--grid)}
.lead{stroke:var(--line);stroke-width:.7}
.mark{stroke:var(--ink);stroke-width:1.4;stroke-dasharray:2 2}
.rim{stroke:var(--line);stroke-width:1.2}
.curve{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.bold{stroke-width:3}
.bundle{stroke:var(--line);opacity:.45}
.pos{stroke:var(--pos)}
.neg{stroke:var(--neg);stroke-dasharray:6 4}
.pos:hover,.neg:hover{stroke:var(--ink);opacity:1}
.pill,.inside{fill:var(--card)}
.bar-pos{fill:var(--pos)}
.bar-neg{fill:var(--neg)}
.sharp{image-rendering:pixelated}
.sample{stroke:#1f2430;stroke-width:1.3}
table{border-collapse:collapse;font-size:.9375rem}
th,td{padding:5px 10px;border:1px solid var(--frame);text-align:right}
th{font-weight:600;max-width:9em;overflow-wrap:break-word}
thead th{text-align:center;vertical-align:bottom}
.corner{font-weight:400;color:var(--dim);text-align:left}
.many th,.many td{padding:4px 5px}
.matrix td{min-width:2em;background:rgba(var(--shade),calc(var(--share)*.4))}
.matrix .hit{outline:2px solid var(--ink);outline-offset:-3px;font-weight:600}
details{grid-column:1/-1;background:var(--card);border:1px solid var(--frame);border-radius:8px;
padding:10px 16px;min-width:0}
summary{cursor:pointer;font-weight:600}
h3{font-size:.9375rem;margin:12px 0 6px}
@media(max-width:860px){.wide,.side{grid-column:1/-1}main{padding:18px 10px 28px}
figure{padding:10px 10px}th,td{padding:5px 6px}table{font-size:.875rem}}
@media print{body{background:#fff}main{padding:0}figure{break-inside:avoid}.scroll{overflow:visible}
.snapshots>label,.snapshots>.word,.now label,.hint{display:none}*{print-color-adjust:exact;
-webkit-print-color-adjust:exact}}
"""

DASHES = ("none", "7 4", "2 3", "9 3 2 3", "4 3", "12 3")


def page(title: str, content: str, n_frames: int) -> str:
    """Return a whole page.

    Args:
        title: plain text.
        content: HTML.
        n_frames: how many snapshots there are to choose from.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>\n:root{{{LIGHT}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{DARK}}}}}{STYLE}{_rules(n_frames)}</style>\n</head>\n"
        f"<body>\n{shapes()}\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def _rules(n_frames: int) -> str:
    """Return the rules of style that follow from numbers: the scale of colours, the lines, what a button shows."""
    colours = ",".join(map(hex_colour, (ORANGE, WHITE, BLUE)))
    lines = [f".c{k}{{stroke:var(--c{k});stroke-dasharray:{dash}}}" for k, dash in enumerate(DASHES)]
    names = [f".t{k}{{fill:var(--c{k})!important}}" for k in range(len(DASHES))]
    shown = [f"#e{k}:checked~* .s:not(.s{k}){{display:none}}" for k in range(n_frames)]
    return "\n".join([f".scale{{background:linear-gradient(90deg,{colours})}}", *lines, *names, *shown])


def stepper(epochs: Sequence[int], told: Sequence[str], content: str, first: int) -> str:
    """Return buttons for the snapshots, a line about the chosen one, and the content that changes with them.

    Args:
        epochs: of the snapshots, in order.
        told: a line about each, plain text.
        content: HTML; what belongs to the k-th snapshot has the classes `frame_class(k)`.
        first: position of the snapshot that is shown first.
    """
    last = len(epochs) - 1
    buttons = "".join(
        f'<input type="radio" name="snapshot" id="e{k}" aria-label="epoch {epoch}"{" checked" if k == first else ""}>'
        f'<label for="e{k}">{epoch}</label>'
        for k, epoch in enumerate(epochs)
    )
    lines = "".join(
        f'<span class="{frame_class(k)}"><b>epoch {epoch}</b>: {escaped(text)}{_neighbours(k, last)}</span>'
        for k, (epoch, text) in enumerate(zip(epochs, told))
    )
    return (
        f'<section class="snapshots" aria-label="Snapshots of the run">\n<span class="word">epoch</span>{buttons}\n'
        f'<p class="now">{lines}</p>\n<div class="pictures">\n{content}\n</div>\n</section>'
    )


def _neighbours(position: int, last: int) -> str:
    back = f'<label for="e{position - 1}">back</label>' if position > 0 else ""
    onward = f'<label for="e{position + 1}">next</label>' if position < last else ""
    return f" {back} {onward}" if last else ""


def figure(title: str, content: str, kind: str = "", hint: str = "") -> str:
    """Return a figure with its title.

    Args:
        title: plain text.
        content: HTML or SVG.
        kind: classes of style.
        hint: how to read it, plain text.
    """
    below = f'<p class="hint">{escaped(hint)}</p>' if hint else ""
    return f'<figure class="{kind}"><h2>{escaped(title)}</h2><div class="scroll">{content}</div>{below}</figure>'
