// Rows and columns of a tensor that change places or size.
#include "research/transforms/matrix.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace matrix_test {

using brim::research::Matrix;

Matrix four_by_three() { return {3, 4, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}; }

TEST_CASE("a row and a column are scaled, and nothing else") {
  Matrix matrix = four_by_three();
  matrix.scale_row(1, 2);
  matrix.scale_column(2, 10);
  CHECK(matrix.values == std::vector<float>{1, 2, 30, 8, 10, 120, 7, 8, 90, 10, 11, 120});
}

TEST_CASE("blocks of rows change places behind the first row") {
  Matrix matrix = four_by_three();
  matrix.reorder_rows(1, 1, std::vector<int>{2, 0, 1});
  CHECK(matrix.values == std::vector<float>{1, 2, 3, 10, 11, 12, 4, 5, 6, 7, 8, 9});
  matrix = four_by_three();
  matrix.reorder_rows(0, 2, std::vector<int>{1, 0});
  CHECK(matrix.values == std::vector<float>{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("blocks of columns change places in every row") {
  Matrix matrix = four_by_three();
  matrix.reorder_columns(1, std::vector<int>{2, 0, 1});
  CHECK(matrix.values == std::vector<float>{3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11});
  Matrix wide{4, 1, {1, 2, 3, 4}};
  wide.reorder_columns(2, std::vector<int>{1, 0});
  CHECK(wide.values == std::vector<float>{3, 4, 1, 2});
}

}  // namespace matrix_test
