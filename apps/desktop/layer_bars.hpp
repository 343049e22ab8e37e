// The picture of the conversation's memory: one bar per layer, as long as its quota, filled as far as the quota is
// used.
#pragma once

#include <QWidget>

#include "apps/desktop/engine.hpp"

namespace brim::desktop {

class LayerBars : public QWidget {
  Q_OBJECT
 public:
  explicit LayerBars(QWidget* parent = nullptr);
  QSize sizeHint() const override { return {220, 320}; }
  const MemoryPicture& picture() const { return picture_; }

 public slots:
  void show_picture(const brim::desktop::MemoryPicture& picture);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  MemoryPicture picture_;
};

}  // namespace brim::desktop
