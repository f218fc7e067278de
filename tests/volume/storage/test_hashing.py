from tomoseg_tf.volume import file_hash


def test_the_hash_is_sha_256(tmp_path):
    """The example "abc" of FIPS 180-2, appendix B.1."""
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad"
    assert file_hash(tmp_path / "abc") == known.replace(" ", "")
