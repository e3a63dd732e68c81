SELECT botdet_compare_pages()
