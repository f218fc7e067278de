from tomoseg_tf.table import aligned


def test_words_begin_at_the_left_and_numbers_end_at_the_right():
    rows = [("name", "size", ""), ("a", "10", "x y"), ("bcdef", "9", "")]
    assert aligned(rows, left=(0, 2)) == "name   size\na        10  x y\nbcdef     9"


def test_a_rule_parts_the_heading_from_the_rest():
    assert aligned([("a", "b"), ("cd", "10")], rule=1) == "a    b\n------\ncd  10"
