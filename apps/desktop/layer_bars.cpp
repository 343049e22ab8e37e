// See layer_bars.hpp.
#include "apps/desktop/layer_bars.hpp"

#include <QLocale>
#include <QPainter>
#include <algorithm>

namespace brim::desktop {

LayerBars::LayerBars(QWidget* parent) : QWidget(parent) {
  setMinimumWidth(160);
  setToolTip(tr("One bar per layer: its share of the memory, and how much of that share is in use"));
}

void LayerBars::show_picture(const MemoryPicture& picture) {
  picture_ = picture;
  update();
}

void LayerBars::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QPalette& colours = palette();
  const int line = painter.fontMetrics().height(), top = 2 * line + 8;
  const QLocale locale;
  painter.drawText(
      rect().adjusted(4, 0, -4, 0), Qt::AlignLeft,
      tr("Memory: %1 of %2")
          .arg(locale.formattedDataSize(picture_.used_bytes), locale.formattedDataSize(picture_.budget_bytes)));
  painter.drawText(
      rect().adjusted(4, line, -4, 0), Qt::AlignLeft,
      picture_.evicted == 0 ? tr("Nothing was evicted") : tr("%L1 entries were evicted").arg(picture_.evicted));
  if (picture_.layers.isEmpty()) return;

  qint64 largest = 1;
  for (const MemoryPicture::Layer& layer : picture_.layers) largest = std::max(largest, layer.quota);
  const double height = double(this->height() - top) / double(picture_.layers.size());
  const double width = this->width() - 8;
  for (int i = 0; i < picture_.layers.size(); ++i) {
    const MemoryPicture::Layer& layer = picture_.layers[i];
    const QRectF quota(4, top + i * height, width * double(layer.quota) / double(largest), std::max(1.0, height - 2));
    QRectF used = quota;
    used.setWidth(quota.width() * double(layer.used) / double(std::max<qint64>(layer.quota, 1)));
    painter.fillRect(quota, colours.color(QPalette::Mid));
    painter.fillRect(used, colours.color(QPalette::Highlight));
  }
}

}  // namespace brim::desktop
