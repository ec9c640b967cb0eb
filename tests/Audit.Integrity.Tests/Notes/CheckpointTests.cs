namespace Audit.Integrity.Tests.Notes;

public sealed class CheckpointTests
{
    private const string Root = "RFMQu/0LG+l4ySncbvkXETbDVtgo9NkqRTc+TYzN8XU=";
    private const string EmptyRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    [Fact]
    public void a_checkpoint_is_read_back()
    {
        var text = $"example.com/log\n70000\n{Root}\n";
        var checkpoint = Checkpoint.Parse(text);
        Assert.Equal(("example.com/log", 70_000L), (checkpoint.Origin, checkpoint.Size));
        Assert.Equal(text, checkpoint.ToString());
    }

    [Fact]
    public void the_checkpoint_of_an_empty_log_is_read_back() =>
        Assert.Equal(0, Checkpoint.Parse($"example.com/log\n0\n{EmptyRoot}\n").Size);

    [Fact]
    public void extension_lines_are_passed_over() =>
        Assert.Equal(7, Checkpoint.Parse($"example.com/log\n7\n{Root}\nextension\n").Size);

    [Theory]
    [InlineData("example.com/log\n70000\n")]
    [InlineData($"example.com/log\n070000\n{Root}\n")]
    [InlineData($"example.com/log\n-1\n{Root}\n")]
    [InlineData($"example.com/log\n+1\n{Root}\n")]
    [InlineData($"example.com/log\n 1\n{Root}\n")]
    [InlineData($"example.com/log\n9223372036854775808\n{Root}\n")]
    [InlineData($"example.com/log\n\n{Root}\n")]
    [InlineData($"\n1\n{Root}\n")]
    [InlineData($"example.com/log\n0\n{Root}\n")]
    [InlineData("example.com/log\n1\nRFMQu/0LG+l4ySncbvkXETbDVtgo9NkqRTc+TYzN8Q==\n")]
    [InlineData("example.com/log\n1\nnot base64\n")]
    [InlineData($"example.com/log\n1\n{Root}")]
    [InlineData($"example.com/log\n1\n{Root}\n\nextension\n")]
    public void what_the_specification_refuses_is_no_checkpoint(string body) =>
        Assert.Throws<NoteFormatException>(() => Checkpoint.Parse(body));

    [Fact]
    public async Task a_checkpoint_under_another_name_than_its_keys_is_not_signed_by_the_log()
    {
        var signer = new Ed25519Signer("example.com/one", new byte[32]);
        var checkpoint = new Checkpoint("example.com/two", 0, TreeHash.Empty);
        var signed = await SignedCheckpoint.SignAsync(checkpoint, signer, CancellationToken.None);
        Assert.True(signed.Note.IsSignedBy(signer.Key));
        Assert.False(signed.IsSignedBy(signer.Key));
    }
}
