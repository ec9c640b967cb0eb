namespace Audit.Integrity.Sealing;

/// <summary>
/// The last checkpoint that this node signed or adopted, in a file outside the database: whoever sets the database back
/// does not set back this memory.
/// </summary>
internal sealed class LocalCheckpoint(string path)
{

    /// <returns>Null where there is no file.</returns>
    /// <exception cref="LogHaltedException">The file is no checkpoint.</exception>
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
            throw new LogHaltedException(
                $"The file {path} is not the checkpoint that this node signed last: {failure.Message}");
        }
    }

    public void Write(SignedCheckpoint checkpoint) =>
        OwnerOnly.Replace(path, Encoding.UTF8.GetBytes(checkpoint.ToString()));

    /// <summary>Keeps the last checkpoint of a log that was ended under the log's number.</summary>
    public void KeepAside(int log)
    {
        if (File.Exists(path))
        {
            OwnerOnly.Move(path, string.Create(CultureInfo.InvariantCulture, $"{path}.{log}"));
        }
    }
}
