namespace Audit.Node.Hosting;

/// <summary>
/// The token that a store gets when it is first opened. It is in its file before it is in the store: the other way
/// round a crash between would leave a store that nobody can enter.
/// </summary>
internal static class FirstToken
{
    public const string Name = Bearer.FirstAdministrator;

    public static string Read(string file) => File.ReadAllText(file).Trim();

    /// <returns>True when the store got its first token now.</returns>
    public static async Task<bool> EnsureAsync(
        IAuditStore store, DataDirectory data, NodeSeams seams, CancellationToken cancellation)
    {
        var (tokens, now) = (store.Tokens, seams.Clock.GetUtcNow());
        if ((await tokens.ListAsync(cancellation)).Count > 0)
        {
            return false;
        }

        var found = ReadLeftBehind(data);
        var token = found ?? TokenText.New();
        if (found is null)
        {
            DataDirectory.WriteSecret(data.TokenFile, token + "\n");
        }

        // Its source is written down when the node has an engine to do it with.
        var source = await store.Sources.EnsureAsync(
            Name, written: null, after: 0, by: Name, now, cancellation);
        var row = new TokenRow(
            Name, TokenText.HashOf(token).ToBytes(), seams.FirstRoles, Name, new TokenSource(
                source.Number, source.Name),
            TokenBounds.None, now, Name);
        var added = await tokens.AddFirstAsync(row, cancellation);
        if (!added && found is null)
        {
            // Another node was first, and has the token in its own directory.
            File.Delete(data.TokenFile);
        }

        return added;
    }

    /// <summary>
    /// The token of a start that was cut short before the store had it, or of a store that is no more.
    /// </summary>
    private static string? ReadLeftBehind(DataDirectory data)
    {
        if (!File.Exists(data.TokenFile))
        {
            return null;
        }

        var token = Read(data.TokenFile);
        return TokenText.IsOne(token)
            ? token
            : throw new NodeStartException(
                $"The file {data.TokenFile} holds no token, and the store has none either; move it away and start "
                    + "again.");
    }
}
