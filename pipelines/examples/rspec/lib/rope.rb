# A length of rope, in fathoms.
class Rope
  # Not enough rope is left for a cut.
  class TooShort < StandardError; end

  METRES = 1.8288

  attr_reader :fathoms

  def initialize(fathoms)
    raise ArgumentError, "a rope has a length" unless fathoms.positive?

    @fathoms = fathoms
  end

  def metres
    (fathoms * METRES).round(2)
  end

  # Cuts a piece off and gives it; what is left stays.
  def cut(length)
    raise TooShort, "#{length} of #{fathoms} fathoms" if length >= fathoms

    @fathoms -= length
    Rope.new(length)
  end

  def to_s
    "#{fathoms} fathoms of rope"
  end
end
