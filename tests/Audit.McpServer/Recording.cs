namespace Audit.McpServer;

/// <summary>
/// Keeps every byte that it is sent in the file `got`, and says after the nth line what the file n holds.
/// </summary>
internal static class Recording
{
    public static async Task<int> ServeAsync(string directory)
    {
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        await using var got = new FileStream(Path.Combine(directory, "got"), FileMode.Append);
        var piece = new byte[64 << 10];
        var lines = 0;
        while (await input.ReadAsync(piece) is > 0 and var read)
        {
            await got.WriteAsync(piece.AsMemory(0, read));
            await got.FlushAsync();
            for (var left = piece.AsSpan(0, read).Count((byte)'\n'); left > 0; left--)
            {
                var answer = Path.Combine(directory, $"{++lines}");
                if (File.Exists(answer))
                {
                    await output.WriteAsync(await File.ReadAllBytesAsync(answer));
                    await output.FlushAsync();
                }
            }
        }

        return 0;
    }
}
