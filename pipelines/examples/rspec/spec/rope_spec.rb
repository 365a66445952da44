RSpec.describe Rope do
  subject(:rope) { described_class.new(20) }

  it "knows its length in metres" do
    expect(rope.metres).to eq(36.58)
  end

  it "says what it is" do
    expect(rope.to_s).to eq("20 fathoms of rope")
  end

  it "has a length" do
    expect { described_class.new(0) }.to raise_error(ArgumentError)
  end

  describe "#cut" do
    it "gives the piece and keeps the rest" do
      expect(rope.cut(5).fathoms).to eq(5)
      expect(rope.fathoms).to eq(15)
    end

    it "does not cut more than there is" do
      expect { rope.cut(20) }.to raise_error(Rope::TooShort, "20 of 20 fathoms")
      expect(rope.fathoms).to eq(20)
    end
  end
end
