namespace Audit.Integrity.Tests.Notes;

public sealed class SignedNoteTests
{
    private const string Body = "This is an example message.\n";

    private static readonly Ed25519Signer Signer = new("example.com/foo", new byte[32]);
    private static readonly Ed25519Signer Other = new("example.com/bar", [.. Enumerable.Repeat((byte)7, 32)]);

    [Fact]
    public void the_published_verifier_key_has_its_key_id()
    {
        const string Text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        var key = VerifierKey.Parse(Text);
        Assert.Equal(0x530d903au, key.KeyId);
        Assert.Equal("example.com/foo", key.Name);
        Assert.Equal(Text, key.ToString());
    }

    [Theory]
    [InlineData("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U")]
    [InlineData("example.com/foo+530d903a+")]
    [InlineData("example.com/foo+530d903a")]
    [InlineData("example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("")]
    public void a_verifier_key_that_contradicts_itself_is_refused(string text) =>
        Assert.Throws<NoteFormatException>(() => VerifierKey.Parse(text));

    [Fact]
    public async Task a_signed_note_is_read_back_and_verifies()
    {
        var text = (await SignedNote.SignAsync(Body, Signer, CancellationToken.None)).ToString();
        var note = SignedNote.Parse(text);
        Assert.Equal(Body, note.Body);
        Assert.True(note.IsSignedBy(Signer.Key));
        Assert.False(note.IsSignedBy(Other.Key));
        Assert.Equal(text, note.ToString());
    }

    [Fact]
    public async Task a_changed_text_does_not_verify()
    {
        var text = (await SignedNote.SignAsync(Body, Signer, CancellationToken.None)).ToString();
        Assert.False(SignedNote.Parse(text.Replace("example message", "Example message")).IsSignedBy(Signer.Key));
    }

    [Fact]
    public async Task signatures_of_unknown_keys_count_for_nothing()
    {
        var own = await SignedNote.SignAsync(Body, Signer, CancellationToken.None);
        var other = await SignedNote.SignAsync(Body, Other, CancellationToken.None);
        var both = SignedNote.Parse((own with { Signatures = [.. other.Signatures, .. own.Signatures] }).ToString());
        Assert.True(both.IsSignedBy(Signer.Key));
        Assert.True(both.IsSignedBy(Other.Key));
    }

    [Fact]
    public async Task a_wrong_signature_under_the_known_key_spoils_the_note_beside_a_good_one()
    {
        var note = await SignedNote.SignAsync(Body, Signer, CancellationToken.None);
        var wrong = note.Signatures[0] with { Signature = new byte[64] };
        Assert.False((note with { Signatures = [note.Signatures[0], wrong] }).IsSignedBy(Signer.Key));
    }

    [Fact]
    public async Task the_last_blank_line_ends_the_text()
    {
        var note = await SignedNote.SignAsync("a\n\nb\n", Signer, CancellationToken.None);
        Assert.Equal("a\n\nb\n", SignedNote.Parse(note.ToString()).Body);
    }

    [Theory]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n\u2014 name AAAAAAE=")]
    [InlineData("text\n\n- name AAAAAAE=\n")]
    [InlineData("text\n\n\u2014 name\n")]
    [InlineData("text\n\n\u2014 name AAAA\n")]
    [InlineData("text\n\n\u2014 name AAAAAAE\n")]
    [InlineData("text\n\n\u2014 name AAAAAAF=\n")]
    [InlineData("text\n\n\u2014 na+me AAAAAAE=\n")]
    [InlineData("text\n\n\u2014 name  AAAAAAE=\n")]
    [InlineData("text\n\n\u2014  AAAAAAE=\n")]
    [InlineData("te\txt\n\n\u2014 name AAAAAAE=\n")]
    [InlineData("text\r\n\r\n\u2014 name AAAAAAE=\r\n")]
    public void what_the_specification_refuses_is_no_note(string note) =>
        Assert.Throws<NoteFormatException>(() => SignedNote.Parse(note));

    [Fact]
    public void bytes_that_are_not_utf8_are_no_note() =>
        Assert.Throws<NoteFormatException>(() => SignedNote.Parse([.. "a\xff\n\n\u2014 name AAAAAAE=\n"u8, 0xFF]));

    [Fact]
    public void a_note_with_too_many_signatures_is_refused() =>
        Assert.Throws<NoteFormatException>(
            () => SignedNote.Parse("text\n\n" + string.Concat(Enumerable.Repeat("\u2014 name AAAAAAE=\n", 101))));

    [Fact]
    public Task a_text_that_does_not_end_cannot_be_signed() =>
        Assert.ThrowsAsync<NoteFormatException>(() => SignedNote.SignAsync("text", Signer, CancellationToken.None));

    [Fact]
    public void a_private_key_is_read_back_from_its_text()
    {
        var text = Signer.ToSecretText();
        Assert.StartsWith("PRIVATE+KEY+example.com/foo+", text, StringComparison.Ordinal);
        Assert.Equal(Signer.Key, Ed25519Signer.Parse(text).Key);
        Assert.Throws<NoteFormatException>(() => Ed25519Signer.Parse(text.Replace("/foo", "/fop")));
        Assert.Throws<NoteFormatException>(() => Ed25519Signer.Parse(Signer.Key.ToString()));
        Assert.DoesNotContain("PRIVATE", Signer.ToString(), StringComparison.Ordinal);
    }
}
