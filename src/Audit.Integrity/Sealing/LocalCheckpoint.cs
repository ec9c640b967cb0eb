namespace Audit.Integrity.Sealing;

/// <summary>
/// The last checkpoint that this node signed or adopted, in a file outside the database: whoever sets the database back
/// does not set back this memory.
/// </summary>
internal sealed class LocalCheckpoint(string path)
{
    /// <returns>Null where there is no file.</returns>
    /// <exception cref="LogMemoryException">The file is no checkpoint.</exception>
    public SignedCheckpoint? Read()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return SignedCheckpoint.Parse(File.ReadAllBytes(path));
        }
        catch (NoteFormatException failure)
        {
            throw new LogMemoryException(
                $"The file {path} is not the checkpoint that this node signed last: {failure.Message}");
        }
    }

    public void Write(SignedCheckpoint checkpoint) =>
        OwnerOnly.Replace(path, Encoding.UTF8.GetBytes(checkpoint.ToString()));

    /// <summary>
    /// Remembers a log that has nothing yet: who has its key and not even that has forgotten something.
    /// </summary>
    public async Task BeginAsync(ILogSigner signer, CancellationToken cancellation) => Write(
        await SignedCheckpoint.SignAsync(new Checkpoint(signer.Key.Name, 0, TreeHash.Empty), signer, cancellation));

    /// <summary>Keeps the last checkpoint of a log that was ended under the log's number.</summary>
    public void KeepAside(int log)
    {
        if (File.Exists(path))
        {
            OwnerOnly.Move(path, string.Create(CultureInfo.InvariantCulture, $"{path}.{log}"));
        }
    }
}
