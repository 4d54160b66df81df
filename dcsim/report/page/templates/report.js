"use strict";
(() => {
  const read = (name) => JSON.parse(document.getElementById(name).textContent);
  const figures = read("figures"), palettes = read("palettes");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)").matches;
  const PRINTED = { width: 680, height: 860 }, NARROW = 500;

  const DAY = 86400000;
  const STOPS = [[null, DAY - 1, "%H:%M\n%-d %b %Y"], [DAY, "M1", "%-d %b\n%Y"], ["M1", "M12", "%b\n%Y"], ["M12", null, "%Y"]]
    .map(([from, to, value]) => ({ dtickrange: [from, to], value }));

  // Colours stand as "@name" or "@name/opacity" under keys that end in "color".
  const mixed = (told, palette) => {
    const [name, opacity] = told.slice(1).split("/");
    if (!opacity) return palette[name];
    const parts = [1, 3, 5].map((k) => parseInt(palette[name].slice(k, k + 2), 16));
    return `rgba(${parts.join(",")},${opacity})`;
  };
  const coloured = (value, palette, key = "") => {
    if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? coloured(one, palette) : one));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, one]) => [k, coloured(one, palette, k)]));
    return key.endsWith("color") && String(value).startsWith("@") ? mixed(value, palette) : value;
  };

  const axis = (palette, own, narrow) => ({
    automargin: true, tickangle: 0, ...(own.type === "date" ? { tickformatstops: STOPS, ...(narrow ? { nticks: 4 } : {}) } : {}),
    gridcolor: palette.line, linecolor: palette.line, zerolinecolor: palette.line, tickcolor: palette.line,
    ...own, zeroline: own.zeroline ?? false, title: { ...(own.title || {}), font: { size: 12, color: palette.soft } },
  });
  const layout = (own, palette, width, height) => ({
    ...own, width, height, paper_bgcolor: palette.paper, plot_bgcolor: palette.paper,
    font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: palette.ink },
    margin: { l: 8, r: 12, t: 44, b: 40 }, dragmode: touch ? false : "zoom", uirevision: "kept",
    legend: own.xaxis.side === "top"
      ? { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "top", yref: "container" }
      : { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom" },
    ...(own.xaxis.side === "top" ? { margin: { l: 8, r: 12, t: 64, b: 12 } } : {}),
    hoverlabel: { bgcolor: palette.panel, bordercolor: palette.line, font: { color: palette.ink, size: 12.5 }, align: "left" },
    xaxis: axis(palette, own.xaxis, width < NARROW), yaxis: axis(palette, own.yaxis, false),
  });
  const config = {
    displaylogo: false, responsive: false, showTips: false,
    displayModeBar: touch ? false : "hover",
    modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
  };

  // On a phone a legend takes a row for each of its entries.
  const tall = (data, height, width) =>
    height + (width < NARROW ? 20 * data.filter((one) => one.showlegend !== false).length : 0);

  const draw = (palette, page) => {
    for (const place of document.querySelectorAll("[data-figure]")) {
      const { data, layout: own, height } = figures[place.dataset.figure];
      const wide = page ? page.width : place.clientWidth;
      const high = page ? Math.min(height, page.height) : tall(data, height, wide);
      place.style.minHeight = `${high}px`;
      Plotly.react(place, coloured(data, palette), layout(coloured(own, palette), palette, wide, high), config);
    }
  };
  const onScreen = () => draw(dark.matches ? palettes.dark : palettes.light);

  document.querySelectorAll("[data-figure]").forEach((place) => place.replaceChildren());
  onScreen();
  dark.addEventListener("change", onScreen);
  let wide = innerWidth, waiting;
  addEventListener("resize", () => {
    if (innerWidth === wide) return;
    wide = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(onScreen, 100);
  });
  addEventListener("beforeprint", () => draw(palettes.light, PRINTED));
  addEventListener("afterprint", onScreen);
})();
